/** `@millrace/core/aggregation`: KPL's aggregation, both ways. Loads no AWS SDK. */
export {
  type AggregatedRecord,
  type AggregateInput,
  type AggregateOptions,
  aggregate,
} from './aggregate.ts'
export {
  type DeaggregateInput,
  type DeaggregateOptions,
  deaggregate,
  isAggregated,
} from './deaggregate.ts'
export type { DeaggregatedRecord } from './deaggregated-record.ts'
export type { Deaggregation } from './deaggregation.ts'
export type { MalformedReason } from './malformed.ts'
