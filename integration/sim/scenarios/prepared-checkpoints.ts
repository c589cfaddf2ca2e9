/** Two-phase checkpoints in a fleet that loses workers: what was prepared reaches the next owner. */
import type { PreparedCheckpoint } from '@millrace/consumer'
import { APPLICATION } from '../fleet/names.ts'
import type { Stage } from '../fleet/stage.ts'
import { between, oneOf, reached, smallFleet } from '../regressions/small-fleet.ts'
import type { Scenario } from '../scenario.ts'

const ROUNDS = 3

/** As the row of a shard has it: position and state belong together. */
interface Prepared {
  readonly position: string
  readonly state: string | undefined
}

async function prepareAndDie(stage: Stage): Promise<void> {
  const { world, fleet, plan } = stage
  const random = world.random('script')
  const prepared = new Map<string, PreparedCheckpoint>()
  let commits = 0
  let told = 0
  stage.onCall = async ({ shard, records, during, leaveUnstored }) => {
    const key = `${shard.shardId} ${shard.epoch}`
    const before = prepared.get(key)
    prepared.delete(key)
    // What that batch gave is done by now.
    if (before !== undefined && random.next() < 0.5) {
      await before.checkpoint().then(
        () => commits++,
        () => undefined,
      )
    }
    const at = records[between(random, 0, records.length - 1)]
    if (during !== 'records' || at === undefined || random.next() < 0.2) return
    leaveUnstored()
    const state = random.next() < 0.7 ? Buffer.from(show(at)) : undefined
    const form = oneOf(random, 'record', 'position')
    const { sequenceNumber, subSequenceNumber } = at
    const target = form === 'record' ? at : { sequenceNumber, subSequenceNumber }
    await shard.prepareCheckpoint(target, state).then(
      (made) => prepared.set(key, made),
      () => undefined,
    )
  }
  stage.onInitialize = async (shardId, { pendingPosition, pendingState }) => {
    const given = pendingPosition && {
      position: show(pendingPosition),
      state: pendingState && Buffer.from(pendingState).toString(),
    }
    const row = inRow(stage, shardId)
    if (given?.position !== row?.position || given?.state !== row?.state) {
      world.violation('PREPARED', `${shardId}: its owner was told of another`, { given, row })
    }
    if (given?.state !== undefined && given.state !== given.position) {
      world.violation('PREPARED', `${shardId}: a state of another position`, given)
    }
    if (given?.state !== undefined) told++
  }
  await stage.settled()
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = between(random, 2, 5); i > 0; i--) {
      for (const [shardId] of stage.openLeases()) await stage.put(shardId)
      await world.sleep(between(random, 300, 1500))
    }
    const slot = between(random, 0, plan.workers - 1)
    const comesBackMs = between(random, 500, 4000)
    if (random.next() < 0.3) fleet.stopAndRestart(slot, comesBackMs)
    else fleet.killAndRestart(slot, comesBackMs)
    await world.sleep(between(random, 2000, 15_000))
  }
  await stage.settled()
  // Nobody asks any more: the history drains as usual.
  stage.onCall = undefined
  if (commits > 0) world.count('marker.prepared-and-committed', commits)
  if (told > 0) reached(stage, 'prepared-state-told-to-the-next-owner', told)
}

function inRow({ world }: Stage, shardId: string): Prepared | undefined {
  const row = world.dynamo.items(APPLICATION).find(({ leaseKey }) => leaseKey?.S === shardId)
  const sequenceNumber = row?.['pendingCheckpoint']?.S
  if (row === undefined || sequenceNumber === undefined) return undefined
  const bytes = row['pendingCheckpointState']?.B
  return {
    position: `${sequenceNumber}/${row['pendingCheckpointSubSequenceNumber']?.N}`,
    state: bytes && Buffer.from(bytes).toString(),
  }
}

function show(at: { readonly sequenceNumber: string; readonly subSequenceNumber: number }): string {
  return `${at.sequenceNumber}/${at.subSequenceNumber}`
}

export const PREPARED_CHECKPOINTS: Scenario = {
  name: 'prepared-checkpoints',
  about:
    'two-phase checkpoints: what a worker prepared before it died reaches the next owner whole',
  everySeeds: 20,
  plan: (random) =>
    smallFleet(random, {
      ...{ workers: between(random, 2, 3), shards: 2, handler: 'processor', records: 40 },
      clocks: [],
      faults: { latencyMs: { min: 1, max: 40 }, tail: { probability: 0.03, maxMs: 2500 } },
    }),
  script: prepareAndDie,
}
