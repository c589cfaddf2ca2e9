// What the producer has measured, under KPL's names: how much went where, and how long it took.
import { jsonCodec } from '@millrace/core'
import { Producer } from '@millrace/producer'

const producer = new Producer({ stream: 'quick-start', codec: jsonCodec<{ hello: string }>() })
await Promise.all(
  Array.from({ length: 500 }, (_, i) =>
    producer.put({ partitionKey: `name-${i}`, data: { hello: `number ${i}` } }),
  ),
)
await producer.close()

for (const { dimensions, sum, mean } of producer.metrics({ name: 'UserRecordsPut' })) {
  const place = dimensions['ShardId'] ?? dimensions['StreamName'] ?? 'all streams'
  console.log(`${place}: ${sum} records stored, ${mean * 100} % of those that ended`)
}
// Without dimensions: of all streams together, in the last minute.
for (const { name, dimensions, count, mean, max } of producer.metrics({ windowMs: 60_000 })) {
  if (Object.keys(dimensions).length === 0) console.log(`${name}: ${count} x ${mean}, max ${max}`)
}
