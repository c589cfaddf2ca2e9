/** Public surface of @millrace/consumer. */
export { Consumer } from './consumer.ts'
export {
  HandlerFailedError,
  InvalidCheckpointError,
  LeaseLostError,
  LeaseTableError,
  MalformedRecordError,
} from './errors.ts'
export type {
  ConsumerEvents,
  ConsumerState,
  HandoffEndReason,
  HandoffInfo,
  LeaseLossReason,
  LeaseSnapshot,
  RetentionPassedInfo,
} from './events.ts'
export type {
  ConsumerMetric,
  ConsumerMetricName,
  ConsumerMetricsQuery,
} from './metrics/metric-names.ts'
export type {
  CheckpointPolicy,
  ConsumerOptions,
  GracefulHandoffOptions,
  InitialPosition,
  LeaseCleanupOptions,
  LeaseOptions,
  LeaseTableOptions,
  OnRecreatedStream,
  PollingOptions,
  ProvisionedBilling,
  WorkerUtilizationOptions,
} from './options.ts'
export type { PulledRecord, ReadableRecord } from './pulling/pulled-record.ts'
export type { BatchesOptions, ReadableOptions } from './pulling/pulling.ts'
export type { RecordStream } from './pulling/record-stream.ts'
export type {
  Checkpointer,
  CheckpointTarget,
  ConsumerRecord,
  PreparedCheckpoint,
  RecordBatch,
  ShardContext,
} from './record.ts'
export type {
  Handler,
  HandlerFailure,
  HandlerVerdict,
  InitializeInput,
  MalformedRecord,
  MalformedVerdict,
  OnHandlerError,
  OnMalformed,
  OnMisplacedAggregate,
  ShardRecordProcessor,
  Verdict,
} from './record-processor.ts'
export type { SetupTrouble } from './setup/setup-watch.ts'
export type { ApplicationSnapshot, ShardSnapshot } from './snapshot.ts'
