/** Public surface of @millrace/core. */

export { kinesisOverCbor } from './adapters/cbor-kinesis.ts'
export { dynamoFromSdk, type SdkDynamo } from './adapters/sdk-dynamodb.ts'
export { kinesisFromSdk, type SdkKinesis } from './adapters/sdk-kinesis.ts'
export type {
  AwsClientOptions,
  AwsCredentials,
  AwsCredentialsOption,
  AwsRequestHandler,
} from './adapters/sdk-options.ts'
export { bytesCodec, type Codec, jsonCodec, textCodec } from './codec.ts'
export {
  AbortedError,
  ClosedError,
  type ErrorCode,
  InvalidOptionError,
  InvalidRecordError,
  InvalidStreamModelError,
  KinesisError,
} from './errors.ts'
export { hashKeyOf } from './hash-key.ts'
export type { MeasuredMetric } from './metrics/metric-snapshot.ts'
export type { MetricsQuery } from './metrics/metrics-query.ts'
export type { CallOptions } from './ports/call-options.ts'
export type * as dynamo from './ports/dynamo.ts'
export type { DynamoPort } from './ports/dynamo.ts'
export type * as kinesis from './ports/kinesis.ts'
export type { KinesisAdminPort, KinesisPort } from './ports/kinesis.ts'
export type { LogFn, Logger } from './ports/logger.ts'
export type { Metrics, MetricsLevel, MetricUnit } from './ports/metrics.ts'
export type { Random } from './random.ts'
export {
  compareExtendedSequenceNumbers,
  compareSequenceNumbers,
  type ExtendedSequenceNumber,
  type SequenceSentinel,
} from './sequence-number.ts'
export { isServiceError, ServiceError, type ServiceErrorKind } from './service-errors.ts'
export { MAX_HASH_KEY, type Shard, type ShardHashKeyRange } from './shard.ts'
export { ShardMap } from './shard-map.ts'
export type { StreamRef } from './stream-ref.ts'
