// As fast as records are taken: tryPut() says false when the buffer is full, "drain" tells when to go on.
import { jsonCodec } from '@millrace/core'
import { Producer } from '@millrace/producer'

const producer = new Producer({
  stream: 'quick-start',
  codec: jsonCodec<{ hello: string }>(),
  maxOutstandingRecords: 200, // small, so that there is something to see
})
// No promise speaks for these records: what is lost is told here.
producer.on('failed', (_, error) => {
  console.error(error.message)
  process.exitCode = 1
})

let pauses = 0
for (let i = 0; i < 2000; i++) {
  const record = { partitionKey: `name-${i}`, data: { hello: `number ${i}` } }
  while (!producer.tryPut(record)) {
    pauses++
    await new Promise<void>((resolve) => producer.once('drain', resolve))
  }
}
await producer.close()
console.log(`2000 records, held back ${pauses} times`)
