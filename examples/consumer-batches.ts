// Batches as an async iterator, of all shards in turn: asking for the next says that the last is done.
import { Consumer } from '@millrace/consumer'
import { jsonCodec } from '@millrace/core'

const consumer = new Consumer({
  applicationName: 'batches-app',
  stream: 'quick-start',
  codec: jsonCodec<{ hello: string }>(),
  initialPosition: 'TRIM_HORIZON',
  maxRecordsPerBatch: 100, // a batch comes with as many records,
  maxBatchWaitMs: 1000, // or after so long with what there is
})
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void consumer.close())
for await (const { records, shard } of consumer.batches()) {
  console.log(`${shard.shardId}: hello ${records.map(({ data }) => data.hello).join(', ')}`)
}
