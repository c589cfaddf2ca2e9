/** Plans and looks that the named scenarios share. */
import type { dynamo, Random } from '@millrace/core'
import type { HistoryPlan } from '../fleet/history-plan.ts'
import { APPLICATION, STREAM } from '../fleet/names.ts'
import { quiet } from '../fleet/special-plans.ts'
import type { Stage } from '../fleet/stage.ts'

/** A fleet in which nothing goes wrong but what the script does; small, so that it is quick. */
export function smallFleet(random: Random, changes: Partial<HistoryPlan>): HistoryPlan {
  return {
    ...quiet(random),
    workers: 3,
    shards: 4,
    records: 60,
    handlerMaxMs: 20,
    initialPosition: 'TRIM_HORIZON',
    disturbedMs: 20_000,
    ...changes,
  }
}

export function between(random: Random, min: number, max: number): number {
  return Math.floor(min + random.next() * (max - min + 1))
}

export function oneOf<T>(random: Random, first: T, ...others: readonly T[]): T {
  return others[Math.floor(random.next() * (others.length + 1)) - 1] ?? first
}

export type WriteKind = 'renewal' | 'checkpoint' | 'assignment' | 'other'

export interface SeenWrite {
  readonly kind: WriteKind
  readonly leaseKey: string
  /** The counter that it stands on. */
  readonly knownCounter: number
  readonly newOwner: string | undefined
}

/** What an update of a row is for, by the values that it carries. */
export function writeOf(input: unknown): SeenWrite {
  const { Key, ExpressionAttributeValues: values = {} } = input as dynamo.UpdateItemInput
  return {
    kind: kindOf(values),
    leaseKey: Key['leaseKey']?.S ?? '',
    knownCounter: Number(values[':known']?.N),
    newOwner: values[':new']?.S,
  }
}

function kindOf(values: dynamo.Item): WriteKind {
  if (values[':new'] !== undefined) return 'assignment'
  if (values[':next'] === undefined) return 'other'
  if (values[':at'] !== undefined) return 'checkpoint'
  return values[':start'] === undefined ? 'renewal' : 'other'
}

/** Sees every update that arrives at the table from now on, and touches none. */
export function watchWrites(stage: Stage, see: (write: SeenWrite) => void): { clear(): void } {
  return stage.world.dynamo.injectFault({
    operation: 'updateItem',
    kind: 'fail',
    times: Number.POSITIVE_INFINITY,
    when: (input) => {
      see(writeOf(input))
      return false
    },
  })
}

/** A worker whose lease was given away hears of it with its next renewal, at the latest. */
const HEARD_MS = 4000

/** Settled, and every worker knows: from now on a lease that is lost was lost by accident. */
export async function steady(stage: Stage): Promise<void> {
  await stage.settled()
  const goal = { rule: 'L13', what: 'every lease is worked on', withinMs: 10_000 }
  await stage.reach(goal, () =>
    stage.openLeases().every(([shardId, { owner }]) => hasBegun(stage, shardId, owner)),
  )
  await stage.world.sleep(HEARD_MS)
}

/** True once the owner has written to the row that it was given. */
export function hasBegun(stage: Stage, shardId: string, owner: string | undefined): boolean {
  const held = owner === undefined ? undefined : stage.table.lastHeld(shardId, owner)
  return held !== undefined && held.counter > stage.table.ownedFrom(shardId)
}

/** Every shard that is open has a lease on which somebody works. */
export function allServed(stage: Stage): boolean {
  const { world, table, fleet } = stage
  return world.kinesis
    .shards(STREAM)
    .filter(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber === undefined)
    .every(({ ShardId }) => {
      const owner = table.rows.get(ShardId)?.owner
      return fleet.isAlive(owner) && hasBegun(stage, ShardId, owner)
    })
}

/** Whom a write would make the leader, if that is what it is for. */
export function takesLock(input: unknown): string | undefined {
  const { Item: row } = input as { readonly Item?: Record<string, { readonly S?: string }> }
  return row?.['leaseKey']?.S === 'Leader' ? row['ownerName']?.S : undefined
}

/** Nobody can be elected until this is cleared. */
export function holdLockUp(stage: Stage, kind: 'fail' | 'throttle'): { clear(): void } {
  return stage.world.dynamo.injectFault({
    operation: 'putItem',
    kind,
    times: Number.POSITIVE_INFINITY,
    when: (input) => takesLock(input) !== undefined,
  })
}

/** Frees a lease as an operator would by hand, or a worker that thinks it is its own. */
export async function freeByHand(stage: Stage, leaseKey: string): Promise<void> {
  await stage.world.dynamo.updateItem({
    TableName: APPLICATION,
    Key: { leaseKey: { S: leaseKey } },
    UpdateExpression: 'REMOVE leaseOwner ADD leaseCounter :one',
    ExpressionAttributeValues: { ':one': { N: '1' } },
  })
}

/** An open lease and its holder, by chance. */
export function pickLease(stage: Stage, random: Random): { shardId: string; owner: string } {
  const leases = stage.openLeases()
  const [shardId = '', row] = leases[Math.floor(random.next() * leases.length)] ?? []
  return { shardId, owner: row?.owner ?? '' }
}

/** Says the rule broken for each lease that was lost against its holder's will since. */
export function noneLostSince(stage: Stage, rule: string, lostBefore: number): void {
  for (const { reason, atMs } of stage.fleet.leasesLost.slice(lostBefore)) {
    stage.world.violation(rule, `a lease was lost (${reason}) at ${atMs.toFixed(0)} ms`)
  }
}

/** A situation that the script is about has come about; none: the scenario proves nothing. */
export function reached(stage: Stage, marker: string, times: number): void {
  if (times > 0) stage.world.count(`marker.${marker}`, times)
  else stage.world.violation('SCENARIO', `never came about: ${marker}`)
}

/** Asks the holder for a lease as a leader does: its counter stays. */
export async function askFor(
  stage: Stage,
  leaseKey: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  await stage.world.dynamo.updateItem({
    TableName: APPLICATION,
    Key: { leaseKey: { S: leaseKey } },
    UpdateExpression: 'SET leaseOwner = :to, checkpointOwner = :from',
    ConditionExpression: 'leaseOwner = :from AND attribute_not_exists(checkpointOwner)',
    ExpressionAttributeValues: { ':from': { S: from }, ':to': { S: to } },
  })
}
