// The start of a Node.js stream pipeline: it reads ahead, and a record is done when ack() says so.
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Consumer, type ReadableRecord } from '@millrace/consumer'
import { jsonCodec } from '@millrace/core'

const consumer = new Consumer({
  applicationName: 'pipeline-app',
  stream: 'quick-start',
  codec: jsonCodec<{ hello: string }>(),
  initialPosition: 'TRIM_HORIZON',
})
const greetings = new Writable({
  objectMode: true,
  write: (record: ReadableRecord<{ hello: string }>, _encoding, done) => {
    console.log(`${record.shard.shardId}: hello ${record.data.hello}`)
    record.ack()
    done()
  },
})
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void consumer.close())
await pipeline(consumer.readable(), greetings)
