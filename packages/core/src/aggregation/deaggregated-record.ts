/** What comes out of deaggregation, whichever lane read it. */
import type { MalformedReason } from './malformed.ts'

/**
 * One user record, or a Kinesis record that is none of ours, as it came. KCL: `KinesisClientRecord`.
 *
 * @public
 */
export interface DeaggregatedRecord {
  /** A view into the Kinesis record, not a copy: keeping it keeps the whole Kinesis record. */
  readonly data: Uint8Array
  /** Absent only where the Kinesis record has none (AUTO record distribution). */
  readonly partitionKey: string | undefined
  /** The user record's own, if its producer gave one; the service never returns it otherwise. */
  readonly explicitHashKey: string | undefined
  /** The Kinesis record's; empty when it came without one. */
  readonly sequenceNumber: string
  /** Index inside the aggregate, 0 for a plain record. */
  readonly subSequenceNumber: number
  readonly approximateArrivalTimestamp: Date | undefined
  /** True for a user record taken out of an aggregate. */
  readonly aggregated: boolean
  /** True when `hashKeyRange` was given and this user record's hash key is not in it. */
  readonly misplaced: boolean
  /** Why a record that starts as an aggregate was left as it came. */
  readonly malformed: MalformedReason | undefined
}

/** What all user records of one Kinesis record have in common. */
export interface RecordOrigin {
  readonly sequenceNumber: string
  readonly approximateArrivalTimestamp: Date | undefined
}

export type RecordIterator = Iterator<DeaggregatedRecord, undefined>
/** For readers that copy what they keep. */
export interface RecordCursor extends RecordIterator {
  /** The next record, or undefined: it may be the object of the last call, overwritten. */
  advance(): DeaggregatedRecord | undefined
}
export type RecordStep = IteratorResult<DeaggregatedRecord, undefined>

export const NO_MORE: IteratorReturnResult<undefined> = { done: true, value: undefined }
