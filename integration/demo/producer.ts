/** Producer process of the demo: puts the input at an even pace and writes down what was acked. */
import { KinesisError } from '@millrace/core'
import { machineMonotonicMs, monotonicMs, sleep } from '@millrace/core/internal'
import { Producer } from '@millrace/producer'
import { readSettings, tellParent } from './child-side.ts'
import { loadInput } from './input.ts'
import { digestOf } from './journal-entry.ts'
import { JournalWriter } from './journal-file.ts'
import { limited } from './pacing.ts'
import type { InputRecord } from './parse-input.ts'
import { LOCAL_AWS, type ProducerSettings, type PutsSettled, STREAM } from './processes.ts'

const TICK_MS = 20
const RETRY_MS = 100
/** The demo waits for every record: none may expire on a slow machine. */
const RECORD_TTL_MS = 300_000

const settings = readSettings<ProducerSettings>()
const journal = new JournalWriter(settings.journal)
const records = limited(loadInput(settings.input), settings.records)
const producer = new Producer({
  ...LOCAL_AWS,
  stream: STREAM,
  endpoint: settings.kinesisUrl,
  recordTtlMs: RECORD_TTL_MS,
  // The only producer of the stream: no need to compete for its shards.
  rateLimitPercent: 100,
})

let failed = 0
const puts: Promise<void>[] = []
const beganMs = monotonicMs()
for (const [index, record] of records.entries()) {
  const dueMs = beganMs + (index / records.length) * settings.putMs
  if (dueMs > monotonicMs()) await sleep(Math.max(TICK_MS, dueMs - monotonicMs()))
  puts.push(put(index, record))
}
await Promise.all(puts)
await producer.close()
tellParent({ failed } satisfies PutsSettled)

async function put(index: number, record: InputRecord): Promise<void> {
  for (;;) {
    try {
      const { shardId, sequenceNumber, subSequenceNumber } = await producer.put(record)
      const { partitionKey, data } = record
      journal.write({
        kind: 'acked',
        atMs: machineMonotonicMs(),
        index,
        shardId,
        sequenceNumber,
        subSequenceNumber,
        partitionKey,
        digest: digestOf(data),
      })
      return
    } catch (cause) {
      // A full buffer and a record that the service could not take now: both pass.
      if (!KinesisError.isKinesisError(cause) || !cause.retryable) {
        failed++
        process.stderr.write(`record ${index} was not stored: ${String(cause)}\n`)
        return
      }
      await sleep(RETRY_MS)
    }
  }
}
