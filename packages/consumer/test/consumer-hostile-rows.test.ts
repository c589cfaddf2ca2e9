/** A fleet whose lease table others write into: it serves its shards and leaves the rest alone. */
import assert from 'node:assert/strict'
import { type dynamo, isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { AppliedWrite } from '@millrace/testing'
import { type Application, inApplication, numbered, TABLE } from './application.ts'
import { HostileRows } from './lease/hostile-rows.ts'
import { mayBeLease } from './lease/lease-oracle.ts'

const TABLES = 8
const ROWS_PER_TABLE = 500
const SHARDS = 4
const DAY_SECONDS = 86_400
const OURS: ReadonlySet<string | undefined> = new Set(['Leader', 'Migration3.0', 'a', 'b'])
/** What a write of ours may change in a lease; everything else belongs to whoever put it there. */
const NAMED: ReadonlySet<string> = new Set([
  ...['leaseOwner', 'checkpointOwner', 'leaseCounter', 'checkpoint', 'checkpointSubSequenceNumber'],
  ...['ownerSwitchesSinceCheckpoint', 'childShardIds', 'startingHashKey', 'endingHashKey'],
  ...['pendingCheckpoint', 'pendingCheckpointSubSequenceNumber', 'pendingCheckpointState'],
  ...['throughputKBps', 'startTimestampMs'],
])

/** Why a write is one that a worker may not make; undefined for one that it may. */
function foul({ key, before, after, operation }: AppliedWrite, wallMs: number): string | undefined {
  const leaseKey = key['leaseKey']?.S
  if (OURS.has(leaseKey)) return undefined
  if (before === undefined) {
    return after !== undefined && mayBeLease(after) && /^shardId-[0-9]{12}$/.test(leaseKey ?? '')
      ? undefined
      : 'a row that no shard has was made'
  }
  // The rows of workers that have been gone for a day are the leader's to delete, as in KCL.
  const isWorker = before['entityType']?.S === 'WORKER_METRIC_STATS'
  const ageSeconds = wallMs / 1000 - Number(before['lut']?.N)
  if (isWorker && operation === 'DeleteItem' && ageSeconds > DAY_SECONDS) return undefined
  if (!mayBeLease(before)) return 'it is no lease'
  if (after === undefined) {
    return before['checkpoint']?.S === 'SHARD_END' ? undefined : 'a lease that has not ended went'
  }
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  )
  const strange = changed.filter((name) => !NAMED.has(name))
  return strange.length === 0 ? undefined : `it changed ${strange.join(', ')}`
}

/** The row as it was stored, or undefined when DynamoDB would not have it. */
async function store(app: Application, Item: dynamo.Item): Promise<dynamo.Item | undefined> {
  try {
    await app.dynamo.putItem({ TableName: TABLE, Item })
    const Key = { leaseKey: Item['leaseKey'] ?? {} }
    return (await app.dynamo.getItem({ TableName: TABLE, Key, ConsistentRead: true })).Item
  } catch (cause) {
    assert.ok(isServiceError(cause) && cause.kind === 'invalid', String(cause))
    return undefined
  }
}

interface Round {
  readonly seed: number
  /** Whether the rows are there before the workers start. */
  readonly before: boolean
}

/** Returns how many rows were stored. */
async function round({ seed, before }: Round): Promise<number> {
  const fouls: string[] = []
  const stored: dynamo.Item[] = []
  let watching = false
  let wallMs = (): number => 0
  const onWrite = (write: AppliedWrite): void => {
    const why = watching ? foul(write, wallMs()) : undefined
    if (why !== undefined) fouls.push(`${write.operation} ${write.key['leaseKey']?.S}: ${why}`)
  }
  await inApplication(
    async (app) => {
      wallMs = () => app.time.nowMs()
      const rows = new HostileRows(seed, { storable: true })
      const intrude = async (): Promise<void> => {
        watching = false
        while (stored.length < ROWS_PER_TABLE) {
          const row = await store(app, rows.next())
          if (row !== undefined) stored.push(row)
        }
        watching = true
      }
      const first = app.worker('first')
      const founding = first.run()
      await app.until('the leases', () => app.leases().size === SHARDS)
      await first.consumer.close()
      await founding
      if (before) await intrude()
      const counted: number[] = []
      const metrics = {
        put: (name: string, value: number) =>
          void (name === 'SkippedLeaseRows' && counted.push(value)),
      }
      const workers = ['a', 'b'].map((id) => app.worker(id, { metrics }))
      const running = workers.map((worker) => worker.run())
      await app.put(...numbered(40))
      await app.until('the first records', () => numbered(40).every(isDelivered(app)))
      if (!before) await intrude()
      await sleep(40_000)
      await app.put(...numbered(40, 'late'))
      await app.until('the late records', () => numbered(40, 'late').every(isDelivered(app)))
      await Promise.all(workers.map((worker) => worker.consumer.close()))
      await Promise.all(running)
      assert.deepEqual(fouls, [])
      assertUntouched(stored, app.dynamo.items(TABLE))
      assert.ok(Math.max(...counted) > ROWS_PER_TABLE / 4, `${Math.max(...counted)} counted`)
    },
    { shards: SHARDS, seed, dynamo: { onWrite } },
  )
  return stored.length
}

const isDelivered =
  (app: Application) =>
  (text: string): boolean =>
    app.delivered.includes(text)

function assertUntouched(stored: readonly dynamo.Item[], rows: readonly dynamo.Item[]): void {
  const now = new Map(rows.map((row) => [row['leaseKey']?.S, row]))
  for (const row of stored) {
    if (mayBeLease(row) || row['entityType']?.S === 'WORKER_METRIC_STATS') continue
    assert.deepEqual(now.get(row['leaseKey']?.S), row)
  }
}

describe('Consumers on a table that others write into', () => {
  const total = (TABLES * ROWS_PER_TABLE).toLocaleString('en')
  let stored = 0
  for (let table = 1; table <= TABLES; table++) {
    const before = table % 2 === 1
    const when = before ? 'before they start' : 'while they run'
    it(`serve every shard of theirs beside ${ROWS_PER_TABLE} hostile rows written ${when}, and touch none (${table}/${TABLES})`, async () => {
      stored += await round({ seed: table, before })
    })
  }

  it('go on without a leader while nobody can read the lock row, and leave it alone', () =>
    inApplication(
      async (app) => {
        const first = app.worker('first')
        const founding = first.run()
        await app.until('the leases', () => app.leases().size === SHARDS)
        await first.consumer.close()
        await founding
        const lock: dynamo.Item = {
          leaseKey: { S: 'Leader' },
          ownerName: { N: '1' },
          recordVersionNumber: { SS: ['x'] },
        }
        assert.ok((await store(app, lock)) !== undefined)
        const workers = ['a', 'b'].map((id) => app.worker(id))
        const running = workers.map((worker) => worker.run())
        await app.put(...numbered(40))
        await app.until('the records', () => numbered(40).every(isDelivered(app)))
        await Promise.all(workers.map((worker) => worker.consumer.close()))
        await Promise.all(running)
        assert.deepEqual(app.row('Leader'), lock)
      },
      { shards: SHARDS },
    ))

  it(`were beside ${total} hostile rows in all`, () => {
    assert.equal(stored.toLocaleString('en'), total)
  })
})
