/** R12, R13: aggregates that no KPL would write. */
import { createHash } from 'node:crypto'
import { aggregate } from '@millrace/core/aggregation'
import { STREAM } from '../fleet/names.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { alter } from './altered-answers.ts'
import { served, splitNamed } from './fleet-steps.ts'
import { between, oneOf, pickLease, reached, smallFleet, steady } from './small-fleet.ts'

const SERVED_MS = 30_000

type Policy = 'deliver' | 'filter' | 'drop'

interface Shards {
  readonly into: string
  readonly other: string
}

/**
 * One aggregate into a shard, with user records of another.
 *
 * @param isMixed its second user record is of another, so that chance does not leave all of them out
 * @returns how many of another
 */
async function pack(
  stage: Stage,
  { into, other }: Shards,
  policy: Policy,
  isMixed: boolean,
): Promise<number> {
  const { world, ledger } = stage
  const random = world.random('script')
  const users = Array.from({ length: between(random, 2, 6) }, (_, at) => {
    const isOut = at > 0 && (random.next() < 0.5 || (isMixed && at === 1))
    const put = ledger.put(`user ${at}`, startOf(stage, isOut ? other : into), 'packed')
    put.settled = 'acked'
    return { put, isOut }
  })
  const outOfRange = users.filter(({ isOut }) => isOut).length
  for (const { put, isOut } of users) {
    const isWithheld = policy === 'filter' ? isOut : policy === 'drop' && outOfRange > 0
    if (isWithheld) ledger.withhold(put)
  }
  const [packed] = aggregate(
    users.map(({ put }) => ({
      partitionKey: put.partitionKey,
      explicitHashKey: put.explicitHashKey,
      data: Buffer.from(put.data),
    })),
  )
  await putBytes(stage, into, packed?.data)
  return outOfRange
}

function startOf({ world }: Stage, shardId: string): string {
  const shard = world.kinesis.shards(STREAM).find(({ ShardId }) => ShardId === shardId)
  return shard?.HashKeyRange.StartingHashKey ?? ''
}

/** A few of them. @returns user records out of range */
async function packSome(stage: Stage, shards: Shards, policy: Policy): Promise<number> {
  const { world } = stage
  const random = world.random('script')
  let outOfRange = 0
  for (let i = between(random, 2, 6); i > 0; i--) {
    outOfRange += await pack(stage, shards, policy, outOfRange === 0)
    await stage.put(shards.into)
    await world.sleep(between(random, 0, 800))
  }
  return outOfRange
}

/** Writers that do not know of a split pack for both children, into one of them. */
async function usersOfTwoShards(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, ledger, plan } = stage
  const policy = plan.consumer?.onMisplacedAggregate ?? 'deliver'
  const { shardId: parent } = pickLease(stage, world.random('script'))
  const [into = '', other = ''] = await splitNamed(stage, parent)
  await served(stage, 'R12', SERVED_MS)
  const toldBefore = world.counted('misplaced')
  const outOfRange = await packSome(stage, { into, other }, policy)
  await served(stage, 'R12', SERVED_MS)
  const isTold = (): boolean => world.counted('misplaced') - toldBefore >= outOfRange
  await stage.reach({ rule: 'R12', what: `${outOfRange} are told of`, withinMs: 5000 }, isTold)
  if (ledger.leaked().length > 0) world.violation('R12', `delivered in spite of ${policy}`)
  reached(stage, `misplaced-${policy}`, outOfRange)
}

/** What is withheld before the switch is delivered behind it. */
async function switchedWhileRead(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, ledger, plan } = stage
  const policy = plan.consumer?.onMisplacedAggregate ?? 'deliver'
  const [[into = ''] = [], [other = ''] = []] = stage.openLeases()
  const before = await packSome(stage, { into, other }, policy)
  await served(stage, 'AUTO', SERVED_MS)
  const isTold = (): boolean => world.counted('misplaced') >= before
  await stage.reach({ rule: 'AUTO', what: `${before} are told of`, withinMs: 5000 }, isTold)
  const described = alter(world, 'describeStreamSummary', async (_input, ask) => {
    const { StreamDescriptionSummary: summary } = await ask()
    return { StreamDescriptionSummary: { ...summary, RecordDistributionStrategy: 'AUTO' } }
  })
  const told = world.counted('misplaced')
  const later = await packSome(stage, { into, other }, 'deliver')
  await served(stage, 'AUTO', SERVED_MS)
  described.clear()
  if (world.counted('misplaced') > told) world.violation('AUTO', 'told of as misplaced')
  if (ledger.leaked().length > 0) world.violation('AUTO', `delivered in spite of ${policy}`)
  reached(stage, `auto-while-${policy}`, Math.min(before, later))
}

/** Ten user records, the third of which has a key that is not in the table. */
async function badKeyIndex(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, ledger, plan } = stage
  const random = world.random('script')
  const policy = plan.consumer?.onMalformed ?? 'raw'
  const { shardId } = pickLease(stage, random)
  const toldBefore = world.counted('malformed')
  let puts = 0
  for (let i = between(random, 1, 4); i > 0; i--) {
    const bytes = withBadIndex(ledger.puts.length)
    const put = ledger.putOdd('packed', bytes)
    if (policy === 'skip') ledger.withhold(put)
    puts++
    await putBytes(stage, shardId, bytes)
    await stage.put(shardId)
    await world.sleep(between(random, 0, 800))
  }
  await served(stage, 'R13', SERVED_MS)
  const isTold = (): boolean => world.counted('malformed') - toldBefore >= puts
  await stage.reach({ rule: 'R13', what: `${puts} are told of`, withinMs: 5000 }, isTold)
  if (ledger.leaked().length > 0) world.violation('R13', `delivered in spite of ${policy}`)
  reached(stage, `bad-key-index-${String(policy)}`, puts)
}

async function putBytes({ world }: Stage, shardId: string, data?: Uint8Array): Promise<void> {
  const shard = world.kinesis.shards(STREAM).find(({ ShardId }) => ShardId === shardId)
  await world.kinesis.putRecords({
    StreamName: STREAM,
    Records: [
      {
        Data: data ?? new Uint8Array(0),
        PartitionKey: 'packed',
        ExplicitHashKey: shard?.HashKeyRange.StartingHashKey,
      },
    ],
  })
}

function withBadIndex(salt: number): Buffer {
  const user = (index: number, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from([8, index, 0x1a, data.length]), data])
    return Buffer.concat([Buffer.from([0x1a, body.length]), body])
  }
  const users = Array.from({ length: 10 }, (_, i) =>
    user(i === 2 ? 7 : 0, Buffer.from(`${salt} ${i}`)),
  )
  const message = Buffer.concat([Buffer.from([0x0a, 1, 0x6b]), ...users])
  const magic = Buffer.from('f3899ac2', 'hex')
  return Buffer.concat([magic, message, createHash('md5').update(message).digest()])
}

export const AGGREGATES: readonly Scenario[] = [
  {
    name: 'R12',
    about: 'aggregates with users of two shards after a split: each is delivered, or told of',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, {
        workers: 2,
        shards: 2,
        records: 40,
        // Our producer sends again what it finds misplaced; here is another.
        aggregation: false,
        consumer: { onMisplacedAggregate: oneOf(random, 'deliver', 'filter', 'drop') },
      }),
    script: usersOfTwoShards,
  },
  {
    name: 'R13',
    about: 'one of ten user records has a bad key: the aggregate comes whole, or is told of',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, {
        workers: 2,
        shards: 2,
        records: 40,
        consumer: { onMalformed: oneOf(random, 'raw', 'skip') },
      }),
    script: badKeyIndex,
  },
]

/** R14, as a consumer has it. */
export const READ_AUTO: Scenario = {
  name: 'read-auto',
  about: 'a stream is switched to AUTO while misplaced users are withheld: none is any more',
  everySeeds: 20,
  plan: (random) =>
    smallFleet(random, {
      workers: 1,
      shards: 2,
      records: 30,
      aggregation: false,
      consumer: { onMisplacedAggregate: oneOf(random, 'filter', 'drop') },
    }),
  script: switchedWhileRead,
}
