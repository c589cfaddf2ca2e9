/** R04, R05: answers of reads that were given up, while the next read is on its way or done. */
import { type kinesis, type Random, ServiceError } from '@millrace/core'
import type { HistoryPlan } from '../fleet/history-plan.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { alter } from './altered-answers.ts'
import { between, oneOf, pickLease, reached, smallFleet, steady } from './small-fleet.ts'

const READ_TIMEOUT_MS = 1000
/** The back-off of a few reads that were given up. */
const DELIVERED_MS = 12_000
const ROUNDS = 12

/** A page that comes late, when others may have been read meanwhile. */
async function slowReplies(stage: Stage): Promise<void> {
  await overtakenReads(stage, 'R04', async (page) => await page)
}

/** The same with a read that fails late. */
async function lateRejections(stage: Stage): Promise<void> {
  const random = stage.world.random('script')
  await overtakenReads(stage, 'R05', async (page) => {
    await page.catch(() => undefined)
    const name = oneOf(random, 'InternalFailure', 'ExpiredIteratorException', 'AbortError')
    throw new ServiceError('GetRecords', name, 'Late (simulated).')
  })
}

async function overtakenReads(
  stage: Stage,
  rule: string,
  answer: (page: Promise<kinesis.GetRecordsOutput>) => Promise<kinesis.GetRecordsOutput>,
): Promise<void> {
  await steady(stage)
  const { world, ledger, deliveries } = stage
  const random = world.random('script')
  const { shardId } = pickLease(stage, random)
  let late = 0
  let isSlow = true
  const reads = alter(world, 'getRecords', async (_input, ask) => {
    if (!isSlow || random.next() < 0.5) return await ask()
    const lateMs = READ_TIMEOUT_MS + between(random, 0, 3000)
    // Slow on its way there, it finds what came meanwhile; slow on its way back, it does not.
    const isSlowThere = random.next() < 0.7
    const page = isSlowThere ? world.sleep(lateMs).then(() => ask()) : ask()
    page.catch(() => undefined)
    if (!isSlowThere) await world.sleep(lateMs)
    late++
    return await answer(page)
  })
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = between(random, 1, 3); i > 0; i--) await stage.put(shardId)
    await world.sleep(between(random, 100, 1200))
  }
  isSlow = false
  const fromMs = world.nowMs()
  await stage.put(shardId)
  const last = ledger.puts.length - 1
  const goal = { rule, what: `${shardId} is read to its tip`, withinMs: DELIVERED_MS }
  await stage.reach(
    goal,
    () => deliveries.lastCallMs(shardId) > fromMs && !ledger.undone().includes(last),
  )
  // The last of them are on their way still.
  await world.sleep(READ_TIMEOUT_MS + 3000)
  reads.clear()
  reached(stage, rule === 'R04' ? 'reply-overtaken' : 'rejected-late', late)
}

function plan(random: Random): HistoryPlan {
  return smallFleet(random, {
    workers: 1,
    shards: 2,
    records: 30,
    consumer: {
      retrieval: {
        mode: 'polling',
        requestTimeoutMs: READ_TIMEOUT_MS,
        idleTimeBetweenReadsMs: between(random, 200, 800),
      },
    },
  })
}

export const LATE_ANSWERS: readonly Scenario[] = [
  {
    name: 'R04',
    about: 'a read is given up and sent again, and the slower reply comes later: only one counts',
    everySeeds: 20,
    plan,
    script: slowReplies,
  },
  {
    name: 'R05',
    about: 'a read that was given up fails when the next is on its way: that one is not touched',
    everySeeds: 20,
    plan,
    script: lateRejections,
  },
]
