/** R01: a handler rejects a batch, and would take the next one. */
import { idOf } from '../checkers/ledger.ts'
import type { HandlerCall } from '../fleet/handlers.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { between, oneOf, pickLease, reached, smallFleet, steady } from './small-fleet.ts'

/** The longest back-off of so few failures, and a read. */
const RETRIED_MS = 8000
/** Another worker, or this one once it is up again, has the shard. */
const SERVED_AGAIN_MS = 21_000

async function rejectBatch(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, plan, ledger, fleet } = stage
  const random = world.random('script')
  const policy = plan.onHandlerError
  const { shardId } = pickLease(stage, random)
  const poison = ledger.puts.length
  const isDone = (id: number): boolean => !ledger.undone().includes(id)
  const times = policy === 'retry' ? between(random, 1, 4) : 1
  let rejected = 0
  let told = 0
  fleet.onWarning = (message) => {
    if (message === 'records were skipped, as configured') told++
  }
  stage.onCall = async (call) => {
    if (call.shard.shardId !== shardId) return
    const ids = call.records.map(({ data }) => idOf(data))
    if (ids.includes(poison)) {
      if (rejected >= times) return
      rejected++
      await world.sleep(between(random, 0, 300))
      throw new Error('this batch is rejected (simulated)')
    }
    if (rejected > 0 && !isDone(poison) && isBehind(stage, call, poison)) {
      world.violation('R01', `${shardId}: went on behind a batch that was rejected`)
    }
  }
  for (let i = between(random, 2, 8); i > 0; i--) await stage.put(shardId)
  const last = ledger.puts.length - 1
  const goal = { rule: 'R01', what: 'the rejected batch and those behind it are done' }
  const withinMs = policy === 'stop' ? SERVED_AGAIN_MS : RETRIED_MS
  await stage.reach({ ...goal, withinMs }, () => isDone(poison) && isDone(last))
  reached(stage, `batch-rejected-${policy}`, rejected)
  if (policy === 'skip' && told === 0) world.violation('R01', 'skipped without a word')
}

/** Is the first record of this call one that was stored later? */
function isBehind({ ledger }: Stage, { records, shard }: HandlerCall, id: number): boolean {
  const at = ledger.shard(shard.shardId).records.findIndex((stored) => stored.id === id)
  const [first] = records
  return first !== undefined && ledger.indexOf(shard.shardId, first) > at
}

export const FAILING_HANDLERS: readonly Scenario[] = [
  {
    name: 'R01',
    about: 'a batch is rejected, the next would be taken: redelivered, or skipped as told, aloud',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, {
        workers: 2,
        shards: 2,
        onHandlerError: oneOf(random, 'retry', 'skip', 'stop'),
      }),
    script: rejectBatch,
  },
]
