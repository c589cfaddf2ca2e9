/** Where a Kinesis record was stored, and when it was sent. */
export interface Stored {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly startMs: number
  readonly endMs: number
}
