import { Consumer } from '@millrace/consumer'
import { jsonCodec } from '@millrace/core'

const consumer = new Consumer({
  applicationName: 'quick-start-app', // names the lease table
  stream: 'quick-start',
  codec: jsonCodec<{ hello: string }>(),
  initialPosition: 'TRIM_HORIZON',
})
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void consumer.close())
await consumer.run({
  eachRecord: ({ data }, { shardId }) => console.log(`${shardId}: hello ${data.hello}`),
})
