/** R46: a worker joins a fleet of many shards. The row says 100; these few show the same, sooner. */
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { between, holdLockUp, reached, smallFleet } from './small-fleet.ts'

const WORKERS = 6
/** Enough that a round may move more than one lease: one in fifty. */
const SHARDS = 52
const MOST_MOVES = 2
/** Rounds begin A apart on average; one that a look made late is followed by one that is early. */
const ROUND_MS = 5000
const NEAREST_ROUNDS_MS = 2900
/** Every worker has shown life by then. */
const HELD_UP_MS = 5000
const JOINED_MS = 45_000

async function joins(stage: Stage): Promise<void> {
  const { world, fleet, table } = stage
  const random = world.random('script')
  const slot = WORKERS - 1
  fleet.handle(slot)?.kill()
  // Leases of a new table that are all given to the first worker would take minutes to spread.
  const lock = holdLockUp(stage, 'fail')
  await world.sleep(HELD_UP_MS)
  lock.clear()
  await stage.settled()
  await world.sleep(between(random, 5000, 12_000))
  fleet.start(slot)
  const joined = fleet.handle(slot)?.name ?? ''
  const movesMs: number[] = []
  let before = ownersOf(stage)
  const goal = { rule: 'R46', what: 'the new worker has its share', withinMs: JOINED_MS }
  const tookMs = await stage.reach(goal, () => {
    const now = ownersOf(stage)
    for (const [shardId, owner] of now) {
      if (before.get(shardId) !== owner) movesMs.push(world.nowMs())
    }
    before = now
    return stage.heldBy(joined).length >= Math.floor(SHARDS / WORKERS)
  })
  for (const [i, atMs] of movesMs.entries()) {
    const later = movesMs[i + MOST_MOVES]
    if (later !== undefined && later - atMs < NEAREST_ROUNDS_MS) {
      world.violation('R46', `more than ${MOST_MOVES} leases moved within ${later - atMs} ms`)
    }
  }
  const movedMs = (movesMs.at(-1) ?? 0) - (movesMs[0] ?? 0)
  const most = MOST_MOVES * (Math.floor(movedMs / ROUND_MS) + 2)
  if (movesMs.length > most) {
    world.violation('R46', `${movesMs.length} leases moved within ${movedMs} ms`)
  }
  if (tookMs !== undefined) world.count('joined.ms', Math.round(tookMs))
  reached(stage, 'lease-moved-to-joining-worker', movesMs.length)
  if (table.moves.length < movesMs.length) world.violation('SCENARIO', 'moves were not seen')
}

function ownersOf(stage: Stage): ReadonlyMap<string, string | undefined> {
  return new Map(stage.openLeases().map(([shardId, { owner }]) => [shardId, owner]))
}

export const JOINING: readonly Scenario[] = [
  {
    name: 'R46',
    about: 'a worker joins a fleet of many shards: it gets its share in bounded rounds',
    everySeeds: 50,
    plan: (random) =>
      smallFleet(random, {
        ...{ workers: WORKERS, shards: SHARDS, records: 40, stableIds: false, clocks: [] },
      }),
    script: joins,
  },
]
