// A handler that fails is tried again; a record that keeps failing is put aside, and the shard goes on.
import { Consumer } from '@millrace/consumer'
import { jsonCodec } from '@millrace/core'

const ATTEMPTS = 3

const consumer = new Consumer({
  applicationName: 'dead-letter-app',
  stream: 'quick-start',
  codec: jsonCodec<{ hello: string }>(),
  initialPosition: 'TRIM_HORIZON',
  onHandlerError: ({ attempts, records, shardId }) => {
    if (attempts < ATTEMPTS) return 'retry'
    // Store them where somebody looks: what is skipped is checkpointed and does not come back.
    for (const { sequenceNumber } of records) console.log(`put aside: ${shardId} ${sequenceNumber}`)
    return 'skip'
  },
})
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void consumer.close())
await consumer.run({
  eachRecord: ({ data }) => {
    if (data.hello === 'Grace') throw new Error('this handler cannot greet Grace')
    console.log(`hello ${data.hello}`)
  },
})
