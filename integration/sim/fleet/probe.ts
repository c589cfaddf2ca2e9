/** Records put straight into a shard, past every producer, to see whether it is delivered. */
import type { SimulatedWorld } from '@millrace/testing'
import type { Ledger } from '../checkers/ledger.ts'
import { STREAM } from './names.ts'

export async function putInto(
  world: SimulatedWorld,
  ledger: Ledger,
  shardId: string,
  text = 'probe',
  partitionKey = 'probe',
): Promise<void> {
  const shard = world.kinesis.shards(STREAM).find(({ ShardId }) => ShardId === shardId)
  if (shard === undefined) throw new Error(`no shard ${shardId}`)
  const { StartingHashKey } = shard.HashKeyRange
  const put = ledger.put(partitionKey, StartingHashKey, text)
  put.settled = 'acked'
  await world.kinesis.putRecords({
    StreamName: STREAM,
    Records: [
      {
        PartitionKey: put.partitionKey,
        ExplicitHashKey: StartingHashKey,
        Data: new TextEncoder().encode(put.data),
      },
    ],
  })
}
