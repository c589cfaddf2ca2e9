/** Worker process of the demo: one of the fleet; writes down what its handler saw. */
import { Consumer, type ConsumerRecord, type ShardContext } from '@millrace/consumer'
import { machineMonotonicMs } from '@millrace/core/internal'
import { readSettings } from './child-side.ts'
import { digestOf, positionOf } from './journal-entry.ts'
import { JournalWriter } from './journal-file.ts'
import { APPLICATION, LOCAL_AWS, STREAM, type WorkerSettings } from './processes.ts'
import { damaged, faultAt } from './sabotage.ts'
import { consumeBy } from './styles.ts'
import { watchApplication } from './watch-application.ts'

const settings = readSettings<WorkerSettings>()
const journal = new JournalWriter(settings.journal)
const faultOf = faultAt(settings.sabotage, settings.folder)
const consumer = new Consumer({
  ...LOCAL_AWS,
  applicationName: APPLICATION,
  stream: STREAM,
  workerId: `worker-${process.pid}`,
  initialPosition: 'TRIM_HORIZON',
  endpoint: settings.kinesisUrl,
  dynamodbEndpoint: settings.dynamodbUrl,
})

consumer.on('leaseAcquired', ({ shardId }) => {
  journal.write({ kind: 'held', atMs: machineMonotonicMs(), shardId })
})
consumer.on('leaseLost', ({ shardId }) => {
  journal.write({ kind: 'lost', atMs: machineMonotonicMs(), shardId })
})
consumer.on('checkpointed', ({ shardId, sequenceNumber, subSequenceNumber }) => {
  const atMs = machineMonotonicMs()
  journal.write({ kind: 'checkpointed', atMs, shardId, sequenceNumber, subSequenceNumber })
})
consumer.on('lag', ({ shardId, millisBehindLatest }) => {
  journal.write({ kind: 'lag', atMs: machineMonotonicMs(), shardId, millisBehindLatest })
})
consumer.on('handoffEnded', ({ shardId, to, reason, tookMs }) => {
  const atMs = machineMonotonicMs()
  journal.write({ kind: 'handed-over', atMs, shardId, to: to ?? null, reason, tookMs })
})
process.once('SIGTERM', () => void consumer.close())
const over = new AbortController()
const watching = watchApplication(consumer, journal, over.signal)
await consumeBy(settings.style, consumer, handle)
over.abort()
await watching

/** The journal has the record before its handling is over, so before it can be checkpointed. */
function handle(record: ConsumerRecord, { shardId }: ShardContext): void {
  const atMs = machineMonotonicMs()
  const { sequenceNumber, subSequenceNumber, partitionKey = '' } = record
  const fault = faultOf(positionOf({ shardId, sequenceNumber, subSequenceNumber }))
  if (fault === 'lose-one') return
  const data = fault === 'corrupt-one' ? damaged(record.data) : record.data
  const entry = {
    kind: 'delivered',
    atMs,
    shardId,
    sequenceNumber,
    subSequenceNumber,
    partitionKey,
    digest: digestOf(data),
  } as const
  journal.write(entry)
  if (fault === 'duplicate-one') journal.write(entry)
}
