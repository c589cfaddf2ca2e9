/** What a reader of the stream would see: every stored user record with its place. */
import { deaggregate, isAggregated } from '@millrace/core/aggregation'
import type { SimulatedKinesis } from '@millrace/testing'

export interface StoredUserRecord {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
  readonly text: string
  readonly partitionKey: string
  readonly aggregated: boolean
  /** False if KCL would drop the Kinesis record: one of its user records is out of range. */
  readonly readable: boolean
}

export function storedUserRecords(service: SimulatedKinesis, stream: string): StoredUserRecord[] {
  const ranges = new Map(
    service.shards(stream).map(({ ShardId, HashKeyRange: { StartingHashKey, EndingHashKey } }) => {
      return [ShardId, { start: BigInt(StartingHashKey), end: BigInt(EndingHashKey) }]
    }),
  )
  return service.records(stream).flatMap(({ shardId, record }) => {
    const aggregated = isAggregated(record.Data)
    const userRecords = [...deaggregate(record, { hashKeyRange: ranges.get(shardId) })]
    const readable = !aggregated || userRecords.every(({ misplaced }) => !misplaced)
    return userRecords.map(({ data, partitionKey, subSequenceNumber }) => ({
      shardId,
      sequenceNumber: record.SequenceNumber,
      subSequenceNumber,
      text: Buffer.from(data).toString(),
      partitionKey: partitionKey ?? '',
      aggregated,
      readable,
    }))
  })
}

/** By place, as a producer's result names it. */
export function placeOf(record: {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
}): string {
  return `${record.shardId} ${record.sequenceNumber} ${record.subSequenceNumber}`
}
