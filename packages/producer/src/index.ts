/** Public surface of @millrace/producer. */
export type { MetricsLevel } from '@millrace/core'
export {
  PRODUCER_CHANNELS,
  type RecordSettleMessage,
  type RequestEndMessage,
  type RequestStartMessage,
} from './channels.ts'
export type { ProducerCloseReport } from './close-report.ts'
export { BufferFullError, UserRecordFailedError } from './errors.ts'
export type { ProducerEvents } from './events.ts'
export type {
  MetricsGranularity,
  ProducerMetric,
  ProducerMetricName,
  ProducerMetricsQuery,
} from './metrics/metric-names.ts'
export type { AggregationOptions, CollectionOptions, ProducerOptions } from './options.ts'
export { Producer } from './producer.ts'
export type {
  Attempt,
  AttemptError,
  ProducerRecord,
  UserRecord,
  UserRecordResult,
} from './user-record.ts'
