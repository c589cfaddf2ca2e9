// Until SIGTERM: what runs is finished, positions are stored, leases go to the others, within a deadline.
import { Consumer } from '@millrace/consumer'
import { jsonCodec } from '@millrace/core'

const consumer = new Consumer({
  applicationName: 'shutdown-app',
  stream: 'quick-start',
  codec: jsonCodec<{ hello: string }>(),
  initialPosition: 'TRIM_HORIZON',
})
// Below what the platform gives between SIGTERM and SIGKILL.
process.once('SIGTERM', () => void consumer.close({ timeoutMs: 20_000 }))
// Trouble in the background, which is tried again; without a listener it is logged.
consumer.on('error', (error) => console.error(error))
try {
  await consumer.run({ eachRecord: ({ data }) => console.log(`hello ${data.hello}`) })
} catch (error) {
  console.error(error) // it could not go on: end, and be started anew
  process.exitCode = 1
}
for (const { name, dimensions, sum } of consumer.metrics({ name: 'RecordsProcessed' })) {
  console.log(`${name} of ${dimensions['ShardId'] ?? 'all shards'}: ${sum}`)
}
