/** For sibling packages only: outside semver. */

export { type KnownChecksum, sealAggregates, whichChecksumsHold } from './aggregation/checksums.ts'
export { Deaggregator } from './aggregation/deaggregate.ts'
export type { CursorDeaggregation } from './aggregation/deaggregation.ts'
export { AggregateEncoder } from './aggregation/encoder.ts'
export { AGGREGATE_PARTITION_KEY, startsAsAggregate } from './aggregation/format.ts'
export { PlainCursor } from './aggregation/plain-cursor.ts'
export { aggregatedRecordType } from './aggregation/schema.ts'
export { CborError, readCbor } from './cbor/cbor-reader.ts'
export { CborWriter } from './cbor/cbor-writer.ts'
export { ControlPlane, type ControlPlaneOptions } from './control-plane.ts'
export {
  type ForeignName,
  foreignNameHint,
  named,
  withoutCounterpart,
} from './foreign-names.ts'
export { hashPartitionKey, hashUserRecord } from './hash-key.ts'
export {
  compareHashWords,
  HashWordRange,
  type HashWords,
  hashKeyOfWords,
  newHashWords,
  storeHashKey,
} from './hash-words.ts'
export { keepShape } from './kept-shapes.ts'
export { LIMITS, type Limits } from './limits.ts'
export { holesBetween, Lineage } from './lineage.ts'
export { resolveLogger, silentLogger, stderrLogger } from './loggers.ts'
export { MetricCells, slotOf } from './metrics/metric-cells.ts'
export type { MeasuredSeries, MetricDimensions, MetricKind } from './metrics/metric-kind.ts'
export { MetricSink } from './metrics/metric-sink.ts'
export { type MeasuredFamily, metricsSnapshot } from './metrics/metric-snapshot.ts'
export { resolveMetricsQuery } from './metrics/metrics-query.ts'
export {
  flag,
  group,
  integer,
  type NameHint,
  nearestName,
  type OptionRule,
  type OptionRules,
  objectWith,
  oneOf,
  optional,
  resolveOptions,
  showValue,
  text,
} from './options.ts'
export type {
  AttributeDefinition,
  AttributeValue,
  CreateTableInput,
  DeleteItemInput,
  GetItemInput,
  GetItemOutput,
  Item,
  ItemsPage,
  PutItemInput,
  QueryInput,
  ScanInput,
  TableDescription,
  TableOutput,
  UpdateItemInput,
  UpdateItemOutput,
  UpdateTableInput,
} from './ports/dynamo.ts'
export type {
  ChildShard,
  CreateStreamInput,
  DescribeStreamSummaryOutput,
  GetRecordsInput,
  GetRecordsOutput,
  GetShardIteratorInput,
  GetShardIteratorOutput,
  KinesisRecord,
  ListShardsInput,
  ListShardsOutput,
  MergeShardsInput,
  PutRecordInput,
  PutRecordOutput,
  PutRecordsEntry,
  PutRecordsInput,
  PutRecordsOutput,
  PutRecordsResultEntry,
  ServiceShard,
  ShardFilter,
  ShardFilterType,
  ShardIteratorType,
  SplitShardInput,
  StreamDescriptionSummary,
  StreamInput,
  StreamMode,
  StreamStatus,
} from './ports/kinesis.ts'
export { noMetrics } from './ports/no-metrics.ts'
export { systemRandom } from './random.ts'
export {
  canonicalHashKey,
  checkKeyLength,
  checkKeyText,
  checkPartitionKey,
  checkRecordData,
  checkRecordObject,
  checkRecordSize,
} from './record-rules.ts'
export {
  AT_TIMESTAMP,
  extendedSequenceNumber,
  isSequenceNumber,
  isSequenceSentinel,
  LATEST,
  SHARD_END,
  TRIM_HORIZON,
} from './sequence-number.ts'
export { isAmbiguous, serviceErrorKind } from './service-errors.ts'
export {
  childShardFromService,
  hashKeyRangeFromService,
  isOpen,
  parseHashKey,
  rangeHolds,
  shardFromService,
} from './shard.ts'
export { ShardMap } from './shard-map.ts'
export {
  refuseBareSignal,
  resolveSignalOption,
  SIGNAL_RULES,
  type SignalOption,
} from './signal-option.ts'
export { type ResolvedStreamRef, resolveStreamRef, streamInput } from './stream-ref.ts'
export {
  machineMonotonicMs,
  monotonicMs,
  nextTurn,
  nowMs,
  sleep,
  startTimer,
  stopTimer,
  type Timer,
} from './time.ts'
export { type EventArguments, TypedEmitter } from './typed-emitter.ts'
