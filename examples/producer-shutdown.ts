// Until SIGTERM; then what is outstanding is stored, within a deadline, and the process ends by itself.
import { jsonCodec } from '@millrace/core'
import { Producer } from '@millrace/producer'

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort())

const producer = new Producer({ stream: 'quick-start', codec: jsonCodec<{ hello: string }>() })
for (let i = 0; !stop.signal.aborted; i++) {
  await producer.put({ partitionKey: `name-${i}`, data: { hello: `number ${i}` } })
  console.log(`stored ${i}`)
}
const { droppedRecords } = await producer.close({ timeoutMs: 5000 })
console.log(`${droppedRecords} records dropped`)
