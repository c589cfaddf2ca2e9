// The end of a Node.js stream pipeline: it holds its source back, and is done when all is stored.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { jsonCodec } from '@millrace/core'
import { Producer } from '@millrace/producer'

await using producer = new Producer({
  stream: 'quick-start',
  codec: jsonCodec<{ hello: string }>(),
})
await pipeline(
  Readable.from(['Ada', 'Grace', 'Hedy']),
  async function* (names: AsyncIterable<string>) {
    for await (const name of names) yield { partitionKey: name, data: { hello: name } }
  },
  producer.writable(), // a record that fails for good makes pipeline() reject with its error
)
console.log('all stored')
