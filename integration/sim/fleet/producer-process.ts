/** The producer process of the simulated fleet: paced puts, each accounted for. */
import type { Random } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { Producer } from '@millrace/producer'
import type { SimulatedProcess, SimulatedWorld } from '@millrace/testing'
import type { Ledger, PutRecord } from '../checkers/ledger.ts'
import type { Report } from '../checkers/report.ts'
import { SentRecords } from '../checkers/sent-records.ts'
import type { StrictReader } from '../checkers/strict-reader.ts'
import { STREAM } from './names.ts'
import { Settlement } from './settlement.ts'

export interface ProducerProcessOptions {
  readonly world: SimulatedWorld
  readonly ledger: Ledger
  readonly strict: StrictReader
  readonly aggregation: boolean
  readonly records: number
  readonly pauseMs: number
  /** No pause goes on beyond it, virtual ms: chance may draw longer ones than the history has room for. */
  readonly untilMs: number
  /** False once everything has healed: each put must be acked. */
  readonly mayFail: boolean
}

/** How long an aggregate waits for a list that shows where it lies, and a little less. */
const HOLD_MS = 4950
const HASH_KEYS = 1n << 128n
const KEYS = [
  'ATL',
  'ORD',
  '10',
  '2',
  '__proto__',
  'hasOwnProperty',
  'Zürich',
  '東京',
  '🛫',
] as const
const encoder = new TextEncoder()

export async function runProducer(
  process: SimulatedProcess,
  options: ProducerProcessOptions,
): Promise<void> {
  const { world, ledger, strict, records, pauseMs, untilMs } = options
  const { random } = process
  const report: Report = (rule, message) => world.violation(rule, message)
  const sent = new SentRecords({ strict, report, nowMs: () => world.nowMs(), holdMs: HOLD_MS })
  const producer = new Producer({
    stream: STREAM,
    client: sent.watched(process.kinesis),
    random,
    logger: false,
    ...(options.aggregation ? {} : { aggregation: false as const }),
  })
  producer.on('error', (error) => world.violation('CRASH', `producer: ${String(error)}`))
  const settlement = new Settlement({ ...options, sent })
  producer.on('failed', (record, error) => settlement.failed(record.data, error))
  for (let i = 0; i < records; i++) {
    const put = drawPut(ledger, random)
    const record = {
      partitionKey: put.partitionKey,
      explicitHashKey: put.explicitHashKey,
      data: encoder.encode(put.data),
    }
    if (random.next() < TRY_PUT_SHARE) settlement.tried(put, producer.tryPut(record))
    else settlement.promised(put, producer.put(record))
    if (random.next() < 0.02) {
      const before = settlement.open
      await producer.flush()
      await settlement.flushed(before, 'flush()')
      world.count('flush')
    }
    // Bursts make aggregates of several records.
    if (random.next() >= 0.3) continue
    const leftMs = Math.max(0, untilMs - world.nowMs())
    await sleep(Math.min(random.next() * pauseMs * 6, leftMs))
  }
  const before = settlement.open
  await producer.close({ timeoutMs: 60_000 })
  await settlement.flushed(before, 'close()')
  if (producer.outstandingRecords !== 0) {
    world.violation('S17', `${producer.outstandingRecords} records are outstanding after close()`)
  }
  // Nor of a control call, or the timer that paces it, which nobody waits for any more.
  await sleep(CALL_END_MS)
}

const CALL_END_MS = 2100
/** Share of the records that are put without a promise. */
const TRY_PUT_SHARE = 0.3

function drawPut(ledger: Ledger, random: Random): PutRecord {
  const key = KEYS[Math.floor(random.next() * KEYS.length)] ?? 'ATL'
  const explicit = random.next() < 0.1
  const spread = `${key}-${Math.floor(random.next() * 40)}`
  const hashKey = explicit
    ? ((BigInt(Math.floor(random.next() * 2 ** 32)) * HASH_KEYS) >> 32n).toString()
    : undefined
  return ledger.put(spread, hashKey, 'x'.repeat(Math.floor(random.next() * 200)))
}
