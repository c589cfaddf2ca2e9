// Records as an async iterator: the loop ends after close(), and `break` gives the current record back.
import { Consumer } from '@millrace/consumer'
import { jsonCodec } from '@millrace/core'

const consumer = new Consumer({
  applicationName: 'iterator-app',
  stream: 'quick-start',
  codec: jsonCodec<{ hello: string }>(),
  initialPosition: 'TRIM_HORIZON',
})
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void consumer.close())
for await (const { data, shard } of consumer) {
  console.log(`${shard.shardId}: hello ${data.hello}`)
}
