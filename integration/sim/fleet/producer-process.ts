/** The producer process of the simulated fleet: paced puts, each accounted for. */
import type { Random } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { Producer, UserRecordFailedError } from '@millrace/producer'
import type { SimulatedProcess, SimulatedWorld } from '@millrace/testing'
import type { Ledger, PutRecord } from '../checkers/ledger.ts'
import type { HistoryPlan } from './history-plan.ts'
import { STREAM } from './names.ts'

export interface ProducerProcessOptions {
  readonly world: SimulatedWorld
  readonly ledger: Ledger
  readonly plan: Pick<HistoryPlan, 'records' | 'aggregation' | 'disturbedMs'>
}

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
  { world, ledger, plan }: ProducerProcessOptions,
): Promise<void> {
  const { random } = process
  const producer = new Producer({
    stream: STREAM,
    client: process.kinesis,
    random,
    logger: false,
    ...(plan.aggregation ? {} : { aggregation: false as const }),
  })
  producer.on('error', (error) => world.violation('CRASH', `producer: ${String(error)}`))
  const pauseMs = plan.disturbedMs / plan.records
  let settledTwice = 0
  for (let i = 0; i < plan.records; i++) {
    const put = drawPut(ledger, random)
    void producer
      .put({
        partitionKey: put.partitionKey,
        explicitHashKey: put.explicitHashKey,
        data: encoder.encode(put.data),
      })
      .then(
        () => {
          if (put.settled !== 'pending') settledTwice++
          put.settled = 'acked'
          world.count('put.acked')
        },
        (error: unknown) => {
          if (put.settled !== 'pending') settledTwice++
          put.settled = 'failed'
          world.count('put.failed')
          refuseGivingUp(world, error)
        },
      )
    if (random.next() < 0.02) await flushed(producer, world, ledger)
    // Bursts make aggregates of several records.
    if (random.next() < 0.3) await sleep(random.next() * pauseMs * 6)
  }
  await producer.close({ timeoutMs: 60_000 })
  if (settledTwice > 0) world.violation('S17', `${settledTwice} puts settled twice`)
  if (producer.outstandingRecords !== 0) {
    world.violation('S17', `${producer.outstandingRecords} records are outstanding after close()`)
  }
}

/** flush() resolves only when everything put before it has settled. */
async function flushed(producer: Producer, world: SimulatedWorld, ledger: Ledger): Promise<void> {
  const before = [...ledger.puts]
  await producer.flush()
  // The promise of a put and that of flush() may settle in the same turn.
  await sleep(0)
  const open = before.filter(({ settled }) => settled === 'pending')
  if (open.length > 0)
    world.violation('S17', `flush() resolved with ${open.length} earlier puts open`)
  world.count('flush')
}

function drawPut(ledger: Ledger, random: Random): PutRecord {
  const key = KEYS[Math.floor(random.next() * KEYS.length)] ?? 'ATL'
  const explicit = random.next() < 0.1
  const spread = `${key}-${Math.floor(random.next() * 40)}`
  const hashKey = explicit
    ? ((BigInt(Math.floor(random.next() * 2 ** 32)) * HASH_KEYS) >> 32n).toString()
    : undefined
  return ledger.put(spread, hashKey, 'x'.repeat(Math.floor(random.next() * 200)))
}

/** TTL leaves time for many tries; a record that had few of them was forgotten, not refused. */
function refuseGivingUp(world: SimulatedWorld, error: unknown): void {
  const attempts = error instanceof UserRecordFailedError ? error.attempts.length : 0
  if (attempts < FEWEST_ATTEMPTS) {
    world.violation('S18', `a put failed after ${attempts} attempts: ${String(error)}`)
  }
}

const FEWEST_ATTEMPTS = 3
