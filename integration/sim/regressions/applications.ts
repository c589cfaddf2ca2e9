/** R68, R70: applications beside the fleet's: two in one process, and one of many streams. */
import { isDeepStrictEqual } from 'node:util'
import { LeaseTableError } from '@millrace/consumer'
import { sleep } from '@millrace/core/internal'
import type { SimulatedProcess } from '@millrace/testing'
import { isEnded, readRow } from '../checkers/lease-row.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { type Guest, runGuest } from './guests.ts'
import { leaseOfManyStreams, leaseTable, ROWS_BESIDES } from './many-streams.ts'
import { between, oneOf, reached, smallFleet, steady } from './small-fleet.ts'

const STARTED_MS = 20_000
/** A read each second, a checkpoint of the handler's. */
const DELIVERED_MS = 3000
const LOOK_EVERY_MS = 100
const TROUBLE_MS = 20_000

async function twoInOneProcess(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, ledger } = stage
  const random = world.random('script')
  const trouble = oneOf(random, 'closed', 'table-fails', 'handler-hangs', 'destroyed')
  let guests: { readonly first: Guest; readonly second: Guest } | undefined
  let hangs = false
  let isOver = false
  const both = world.spawn('both', async (process) => {
    const first = runGuest(process, { applicationName: 'first', initialPosition: 'TRIM_HORIZON' })
    const second = runGuest(process, {
      applicationName: 'second',
      initialPosition: 'TRIM_HORIZON',
      onRecord: async () => {
        while (hangs) await sleep(LOOK_EVERY_MS)
      },
    })
    guests = { first, second }
    await until(() => isOver)
    await Promise.all([first.consumer.close(), second.consumer.close()])
    await Promise.allSettled([first.running, second.running])
  })
  const hasAll = ({ delivered }: Guest): boolean =>
    ledger.puts.every(({ id, settled }) => settled !== 'acked' || delivered.has(id))
  const begun = { rule: 'R68', what: 'both deliver all there is', withinMs: STARTED_MS }
  await stage.reach(begun, () => {
    return guests !== undefined && hasAll(guests.first) && hasAll(guests.second)
  })
  if (guests === undefined) return
  const { first, second } = guests
  await world.sleep(between(random, 0, 6000))
  const fault =
    trouble === 'table-fails'
      ? world.dynamo.injectFault({
          ...{ operation: 'updateItem', tableName: 'second', kind: 'fail' },
          times: Number.POSITIVE_INFINITY,
        })
      : undefined
  if (trouble === 'closed') void second.consumer.close()
  if (trouble === 'destroyed') second.consumer.destroy()
  hangs = trouble === 'handler-hangs'
  for (let ms = 0; ms < TROUBLE_MS; ms += 4000) {
    for (const [shardId] of stage.openLeases()) await stage.put(shardId)
    const goal = { rule: 'R68', what: 'the other goes on', withinMs: DELIVERED_MS }
    await stage.reach(goal, () => hasAll(first))
    await world.sleep(4000)
  }
  reached(stage, `one-of-two-${trouble}`, trouble === 'table-fails' ? second.lost.length : 1)
  if (first.lost.length > 0) world.violation('R68', `the other lost ${first.lost.join(', ')}`)
  const isOff = trouble === 'closed' || trouble === 'destroyed'
  if (isOff && hasAll(second)) world.violation('R68', 'records of one went to the other')
  for (const row of world.dynamo.items('first')) {
    if (row['entityType']?.S !== 'LEASE' || isEnded(readRow(row))) continue
    if (readRow(row).owner !== 'both') world.violation('R68', 'a lease of the other is gone', row)
  }
  fault?.clear()
  hangs = false
  const again = { rule: 'R68', what: 'both deliver again', withinMs: STARTED_MS }
  if (!isOff) await stage.reach(again, () => hasAll(first) && hasAll(second))
  isOver = true
  await both.done
  if (both.leftBehind > 0) world.violation('S21', `both left ${both.leftBehind} timers behind`)
}

/** Within its process: what it waits with dies with it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(LOOK_EVERY_MS)
}

async function tableOfManyStreams(stage: Stage): Promise<void> {
  await steady(stage)
  const { world } = stage
  const random = world.random('script')
  await world.dynamo.createTable(leaseTable(MANY, random.next() < 0.7))
  const many = [0, 1, 2].map((shard) => leaseOfManyStreams(shard, 'java-worker'))
  const besides = ROWS_BESIDES.filter(() => random.next() < 0.5)
  for (const Item of [...many, ...besides]) {
    await world.dynamo.putItem({ TableName: MANY, Item })
  }
  const before = world.dynamo.items(MANY)
  let writes = 0
  const watches = (['putItem', 'updateItem', 'deleteItem', 'updateTable'] as const).map(
    (operation) =>
      world.dynamo.injectFault({
        ...{ operation, tableName: MANY, kind: 'fail', times: Number.POSITIVE_INFINITY },
        when: () => {
          writes++
          return false
        },
      }),
  )
  // A look that fails at first does not decide.
  world.dynamo.injectFault({ operation: 'scan', tableName: MANY, kind: 'throttle' })
  let cause: unknown
  let delivered = 0
  const single = world.spawn('single', async (process: SimulatedProcess) => {
    const guest = runGuest(process, { applicationName: MANY, initialPosition: 'LATEST' })
    cause = await guest.running.then(
      () => 'it ran',
      (error: unknown) => error,
    )
    delivered = guest.delivered.size
  })
  const refused = { rule: 'R70', what: 'refused', withinMs: STARTED_MS }
  await stage.reach(refused, () => single.state === 'exited')
  for (const watch of watches) watch.clear()
  reached(stage, 'single-stream-on-many-streams', cause instanceof LeaseTableError ? 1 : 0)
  const isNamed = cause instanceof LeaseTableError && /many streams/.test(cause.message)
  if (!isNamed) world.violation('R70', `it ended with ${String(cause)}`)
  if (writes > 0) world.violation('R70', `${writes} writes were sent to a table that is not ours`)
  if (delivered > 0) world.violation('R70', `${delivered} records were delivered`)
  if (!isDeepStrictEqual(world.dynamo.items(MANY), before)) {
    world.violation('R70', 'rows of the other application have changed')
  }
  if (single.leftBehind > 0) world.violation('S21', `single left ${single.leftBehind} behind`)
}

/** A consumer of one stream has been here before: it goes on, and not at LATEST. */
async function tableOfBoth(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, ledger } = stage
  const random = world.random('script')
  const options = { applicationName: MANY, initialPosition: 'LATEST' } as const
  const shards = stage.openLeases().map(([shardId]) => shardId)
  const life = async (name: string, puts: () => Promise<void>): Promise<void> => {
    const firstId = ledger.puts.length
    let isOver = false
    let guest: Guest | undefined
    const process = world.spawn(name, async (own) => {
      guest = runGuest(own, options)
      await until(() => isOver)
      await guest.consumer.close()
      await guest.running
    })
    await puts()
    const goal = { rule: 'R70', what: `${name} delivers what is its own`, withinMs: STARTED_MS }
    await stage.reach(goal, () => {
      const ids = ledger.puts.slice(owedFrom ?? firstId).map(({ id }) => id)
      return ids.length > 0 && ids.every((id) => guest?.delivered.has(id))
    })
    isOver = true
    await process.done
  }
  const putAll = async (): Promise<void> => {
    for (const shardId of shards) await stage.put(shardId)
  }
  let owedFrom: number | undefined
  await life('before', async () => {
    // It reads from where the stream stands when its leases have begun.
    await world.sleep(STARTED_MS / 2)
    owedFrom = ledger.puts.length
    await putAll()
  })
  for (const row of [...[0, 1, 2].map((shard) => leaseOfManyStreams(shard, 'java-worker'))]) {
    await world.dynamo.putItem({ TableName: MANY, Item: row })
  }
  owedFrom = ledger.puts.length
  await putAll()
  await world.sleep(between(random, 0, 3000))
  await life('after', async () => undefined)
  reached(stage, 'both-kinds-in-one-table', ledger.puts.length - owedFrom)
}

const MANY = 'many'

export const APPLICATIONS: readonly Scenario[] = [
  {
    name: 'R68',
    about: 'two applications in one process: what befalls one is nothing to the other',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: 1, shards: 2, records: 40, clocks: [] }),
    script: twoInOneProcess,
  },
  {
    name: 'R70',
    about:
      'one stream on a table of many: refused without a write; beside its own leases it goes on',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: 1, shards: 2, records: 40, clocks: [] }),
    script: async (stage) => {
      const isMixed = stage.world.random('mixed').next() < 0.4
      await (isMixed ? tableOfBoth(stage) : tableOfManyStreams(stage))
    },
  },
]
