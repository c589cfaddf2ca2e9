import { jsonCodec } from '@millrace/core'
import { Producer } from '@millrace/producer'

const producer = new Producer({ stream: 'quick-start', codec: jsonCodec<{ hello: string }>() })
for (const name of ['Ada', 'Grace', 'Hedy']) {
  const { shardId, sequenceNumber } = await producer.put({
    partitionKey: name,
    data: { hello: name },
  })
  console.log(`stored in ${shardId} at ${sequenceNumber}`)
}
await producer.close()
