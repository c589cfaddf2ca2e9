/** R11, R33: where an application begins, and what it must not go on from. */
import { LeaseTableError } from '@millrace/consumer'
import { APPLICATION, STREAM } from '../fleet/names.ts'
import { splitOne } from '../fleet/reshard.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { allDone, shardIds, startAll, stopAll } from './fleet-steps.ts'
import { between, oneOf, reached, smallFleet, steady } from './small-fleet.ts'

/** L1, and the start of a process. */
const STARTED_MS = 22_000

/** Handlers do not get on until then, so that nothing is checkpointed. */
async function diesAtLatest(stage: Stage): Promise<void> {
  const { world, fleet, plan, table } = stage
  const random = world.random('script')
  let holds = true
  stage.onCall = async () => {
    if (holds) await new Promise<never>(() => {})
  }
  for (let deaths = between(random, 1, 2); deaths > 0; deaths--) {
    await world.sleep(between(random, 0, 8000))
    const atLatest = stage.openLeases().filter(([, { checkpoint }]) => {
      return checkpoint.sequenceNumber === 'LATEST'
    })
    reached(stage, 'died-before-first-checkpoint', atLatest.length === table.rows.size ? 1 : 0)
    for (let slot = 0; slot < plan.workers; slot++) fleet.handle(slot)?.kill()
    for (let i = between(random, 1, 20); i > 0; i--) {
      for (const shardId of shardIds(stage)) await stage.put(shardId)
      await world.sleep(between(random, 0, 500))
    }
    if (deaths === 1) holds = false
    startAll(stage)
  }
  const puts = stage.ledger.puts.length
  const goal = { rule: 'R11', what: 'what came while nobody ran is delivered' }
  await stage.reach({ ...goal, withinMs: STARTED_MS }, () => allDone(stage, puts))
}

async function recreateStream(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, table, ledger, plan } = stage
  const random = world.random('script')
  for (const shardId of shardIds(stage)) {
    for (let i = between(random, 1, 5); i > 0; i--) await stage.put(shardId)
  }
  if (random.next() < 0.5) await splitOne(world, between(random, 0, 9))
  const stored = { rule: 'SCENARIO', what: 'checkpoints of the old stream', withinMs: 10_000 }
  await stage.reach(stored, () => {
    const old = [...table.rows.values()].map(({ checkpoint }) => checkpoint.sequenceNumber)
    return allDone(stage, ledger.puts.length) && old.some((at) => /^\d|^SHARD_END/.test(at))
  })
  await stopAll(stage)
  await world.kinesis.deleteStream({ StreamName: STREAM })
  await world.kinesis.createStream({ StreamName: STREAM, ShardCount: plan.shards })
  for (const { shardId } of ledger.shards) ledger.trimmed(shardId, Number.POSITIVE_INFINITY)
  for (const shardId of shardIds(stage)) await stage.put(shardId)
  const puts = ledger.puts.length
  if (plan.consumer?.onRecreatedStream === 'reset') expectAllLost(stage)
  else await refuses(stage)
  const rows = table.rows.size
  startAll(stage)
  const goal = { rule: 'R33', what: 'the new stream is read from its beginning' }
  await stage.reach({ ...goal, withinMs: STARTED_MS }, () => allDone(stage, puts))
  if (rows > 0) reached(stage, 'leases-of-former-stream-reset', rows)
}

function expectAllLost({ table }: Stage): void {
  for (const shardId of table.rows.keys()) table.expectLoss(shardId)
}

/** Every worker says so and ends, touches no lease and calls no handler; then an operator acts. */
async function refuses(stage: Stage): Promise<void> {
  const { world, fleet, table, plan } = stage
  let refusals = 0
  fleet.mayMeet = (error) => {
    if (!(error instanceof LeaseTableError)) return false
    refusals++
    return true
  }
  stage.onWrite = ({ key }) => {
    const leaseKey = key['leaseKey']?.S ?? ''
    if (table.rows.has(leaseKey)) world.violation('R33', `the row ${leaseKey} was written`)
  }
  stage.onCall = async () => world.violation('R33', 'a handler was called')
  startAll(stage)
  const goal = { rule: 'R33', what: 'every worker refuses to start', withinMs: 20_000 }
  await stage.reach(goal, () => refusals >= plan.workers)
  reached(stage, 'former-stream-refused', refusals)
  await stopAll(stage)
  stage.onWrite = undefined
  stage.onCall = undefined
  expectAllLost(stage)
  for (const leaseKey of [...table.rows.keys()]) {
    await world.dynamo.deleteItem({ TableName: APPLICATION, Key: { leaseKey: { S: leaseKey } } })
  }
}

export const STARTS: readonly Scenario[] = [
  {
    name: 'R11',
    about: 'started at LATEST, dead before the first checkpoint: what came since is delivered',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, {
        workers: between(random, 1, 2),
        shards: between(random, 1, 3),
        initialPosition: 'LATEST',
      }),
    script: diesAtLatest,
  },
  {
    name: 'R33',
    about: 'a stream deleted and made anew: refused aloud, or begun anew as told',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, {
        workers: between(random, 1, 2),
        shards: between(random, 1, 3),
        records: 0,
        stableIds: false,
        consumer: oneOf(random, {}, { onRecreatedStream: 'reset' }),
      }),
    script: recreateStream,
  },
]
