// The five methods of KCL's ShardRecordProcessor: one object per shard, checkpoints by hand.
import { Consumer, type ShardRecordProcessor } from '@millrace/consumer'
import { textCodec } from '@millrace/core'

function greeter({ shardId }: { readonly shardId: string }): ShardRecordProcessor<string> {
  let startedAt = ''
  return {
    initialize: ({ position }) => {
      startedAt = position
    },
    processRecords: async ({ records, shard }) => {
      for (const { data } of records) console.log(`${shardId} since ${startedAt}: ${data}`)
      if (records.length > 0) await shard.checkpoint()
    },
    leaseLost: () => console.log(`${shardId} has moved to another worker`),
    shardEnded: () => console.log(`${shardId} was split or merged and is done`),
    shutdownRequested: (shard) => shard.checkpoint(),
  }
}

const consumer = new Consumer({
  applicationName: 'processor-app',
  stream: 'quick-start',
  codec: textCodec,
  initialPosition: 'TRIM_HORIZON',
})
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void consumer.close())
await consumer.run({ processor: greeter })
