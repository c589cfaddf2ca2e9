import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import { nowMs, sleep } from '@millrace/core/internal'
import type { HandoffInfo } from '../../src/events.ts'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import { workerMetricsWrite } from '../../src/lease/worker-metrics-row.ts'
import { createTableInput } from '../../src/lease-table/table-shape.ts'
import { type Application, inApplication, numbered, SHARD, TABLE } from '../application.ts'
import { goldenItems } from '../lease/golden.ts'
import { leaseOf, position, rowOfLease } from '../lease/leases.ts'

/** As a Java leader asks for a graceful handoff: the next owner, and who may still checkpoint; the counter stays. */
async function askForHandoff(app: Application, from: string, to: string): Promise<void> {
  await app.dynamo.updateItem({
    TableName: TABLE,
    Key: { leaseKey: { S: SHARD } },
    UpdateExpression: 'SET leaseOwner = :to, checkpointOwner = :from',
    ExpressionAttributeValues: { ':to': { S: to }, ':from': { S: from } },
  })
}

/** The sign of life of a Java worker. */
async function alive(app: Application, workerId: string): Promise<void> {
  await app.dynamo.updateItem(workerMetricsWrite(TABLE, workerId, nowMs()))
}

/** Of a worker that holds the lease, as long as it is left to it. */
async function heartbeat(app: Application, workerId: string, signal: AbortSignal): Promise<void> {
  const store = new LeaseStore({ dynamo: app.dynamo, tableName: TABLE, requestTimeoutMs: 2000 })
  for (let i = 0; !signal.aborted; i++) {
    if (i % 5 === 0) await alive(app, workerId)
    const row = await store.get(SHARD)
    if (row?.checkpointOwner === workerId) await store.renew(row, workerId)
    await sleep(2000)
  }
}

async function tableOf(app: Application, rows: readonly dynamo.Item[]): Promise<void> {
  await app.dynamo.createTable(createTableInput(TABLE))
  for (const Item of rows) await app.dynamo.putItem({ TableName: TABLE, Item })
}

describe('Worker, beside Java', () => {
  it('stops and completes a handoff that a Java leader asked for, so that the next may start', () =>
    inApplication(async (app) => {
      const worker = app.worker('a')
      const running = worker.run()
      await app.until('the lease', () => worker.heard('leaseAcquired').length === 1)
      await alive(app, 'java')
      await askForHandoff(app, 'a', 'java')
      await app.until('the handoff', () => app.row(SHARD)?.['checkpointOwner'] === undefined, 5000)
      assert.equal(app.row(SHARD)?.['leaseOwner']?.S, 'java')
      assert.equal(worker.heard('leaseLost').length, 1)
      await app.put('for the next')
      await sleep(2000)
      assert.deepEqual(app.delivered, [])
      await worker.consumer.close()
      await running
      assert.equal(app.row(SHARD)?.['leaseOwner']?.S, 'java')
    }))

  it('frees the lease when the next owner is gone by then', () =>
    inApplication(async (app) => {
      const worker = app.worker('a')
      const running = worker.run()
      await app.until('the lease', () => worker.heard('leaseAcquired').length === 1)
      await askForHandoff(app, 'a', 'java')
      await app.until('the handoff', () => worker.heard('handoffEnded').length === 1, 5000)
      const [info] = worker.heard('handoffEnded')[0] ?? []
      assert.deepEqual(
        { ...(info as HandoffInfo), tookMs: 0 },
        {
          ...{ leaseKey: SHARD, shardId: SHARD, to: undefined, reason: 'freed', tookMs: 0 },
        },
      )
      await app.put('one')
      await app.until('the record', () => app.deliveries.length === 1, 10_000)
      await worker.consumer.close()
      await running
    }))

  it('completes it only when the handler call that ran has settled', () =>
    inApplication(async (app) => {
      await app.put('slow')
      const worker = app.worker('a')
      let settled = false
      const running = worker.run(async () => {
        await sleep(7000)
        settled = true
      })
      await app.until('the call', () => app.deliveries.length === 1)
      await alive(app, 'java')
      await askForHandoff(app, 'a', 'java')
      while (!settled) {
        assert.equal(app.row(SHARD)?.['checkpointOwner']?.S, 'a')
        await sleep(50)
      }
      await app.until('the handoff', () => app.row(SHARD)?.['checkpointOwner'] === undefined, 500)
      assert.equal(app.row(SHARD)?.['leaseOwner']?.S, 'java')
      await worker.consumer.close()
      await running
    }))

  it('takes part as the next owner: it begins when the other is done, not before', () =>
    inApplication(async (app) => {
      await app.put('one')
      const worker = app.worker('b')
      const running = worker.run()
      await app.until('a checkpoint', () => worker.heard('checkpointed').length === 1)
      // Everything is at this worker; it hands to a Java peer, which hands back.
      await askForHandoff(app, 'java', 'b')
      await app.until('the loss', () => worker.heard('leaseLost').length === 1)
      await app.put('two')
      await sleep(4000)
      assert.deepEqual(app.delivered, ['one'])
      await app.dynamo.updateItem({
        TableName: TABLE,
        Key: { leaseKey: { S: SHARD } },
        UpdateExpression: 'SET leaseCounter = :counter REMOVE checkpointOwner',
        ExpressionAttributeValues: {
          ':counter': { N: String(Number(app.row(SHARD)?.['leaseCounter']?.N) + 1) },
        },
      })
      await app.until('the next', () => app.deliveries.length === 2, 5000)
      await worker.consumer.close()
      await running
    }))

  it('takes up a handoff whose two workers are dead (R39, R41)', () =>
    inApplication(async (app) => {
      await app.put('one')
      const first = app.worker('a')
      const ran = first.run()
      await app.until('the record', () => app.deliveries.length === 1)
      await first.consumer.close()
      await ran
      await askForHandoff(app, 'dead', 'dead too')
      const worker = app.worker('b')
      const running = worker.run()
      await app.put('two')
      await app.until('the next', () => app.deliveries.length === 2, 21_000)
      await worker.consumer.close()
      await running
    }))

  it('takes the lease of a Java holder that heartbeats and never hands over, after the deadline (R41)', () =>
    inApplication(async (app) => {
      await app.put('one')
      const worker = app.worker('a', { lease: { gracefulHandoff: { timeoutMs: 15_000 } } })
      const running = worker.run()
      await app.until('a checkpoint', () => worker.heard('checkpointed').length === 1)
      await askForHandoff(app, 'java', 'a')
      const java = new AbortController()
      const beating = heartbeat(app, 'java', java.signal)
      const askedMs = app.time.elapsedMs()
      await app.until('the loss', () => worker.heard('leaseLost').length === 1)
      await app.put('two')
      await app.until('the next', () => app.deliveries.length === 2, 35_000)
      const tookMs = app.time.elapsedMs() - askedMs
      assert.ok(tookMs > 25_000, `${tookMs}`)
      assert.equal(app.row(SHARD)?.['leaseOwner']?.S, 'a')
      java.abort()
      await beating
      await worker.consumer.close()
      await running
    }))

  it('frees the row of an ended shard whose handoff does not end', () =>
    inApplication(async (app) => {
      const worker = app.worker('a', { lease: { gracefulHandoff: { timeoutMs: 5000 } } })
      const running = worker.run()
      await app.until('the lease', () => worker.heard('leaseAcquired').length === 1)
      const ended = 'shardId-000000000009'
      const asked = { leaseOwner: 'dead', checkpointOwner: 'dead too' }
      const lease = leaseOf(ended, { ...asked, checkpoint: position('SHARD_END') })
      const Item = { ...rowOfLease(lease), entityType: { S: 'LEASE' } }
      await app.dynamo.putItem({ TableName: TABLE, Item })
      await app.until('its end', () => app.row(ended)?.['checkpointOwner'] === undefined, 20_000)
      assert.equal(app.row(ended)?.['leaseOwner'], undefined)
      await worker.consumer.close()
      await running
    }))

  for (const moment of ['leases-created', 'assigned-not-renewed'] as const) {
    it(`takes over a table as Java left it at ${moment}`, () =>
      inApplication(
        async (app) => {
          await tableOf(app, goldenItems('golden3x.json', moment))
          const records = numbered(40)
          await app.put(...records)
          const workers = [app.worker('a'), app.worker('b')]
          const runs = workers.map((worker) => worker.run())
          // The lock that Java left is good for as long as its own row says.
          const lockMs = Number(app.row('Leader')?.['leaseDuration']?.S)
          await app.until('all', () => new Set(app.delivered).size === 40, lockMs + 30_000)
          await sleep(30_000)
          assert.deepEqual(app.owners().sort(), ['a', 'a', 'b', 'b'])
          await Promise.all(workers.map(({ consumer }) => consumer.close()))
          await Promise.all(runs)
          assert.deepEqual(new Set(app.delivered), new Set(records))
        },
        { shards: 4 },
      ))
  }

  it('takes over a table that Java left in the middle of a handoff', () =>
    inApplication(
      async (app) => {
        // As recorded but for the positions, which are numbers of another stream.
        const rows = goldenItems('golden3x.json', 'handoff-pending').map((row) =>
          row['checkpoint'] === undefined ? row : { ...row, checkpoint: { S: 'TRIM_HORIZON' } },
        )
        await tableOf(app, rows)
        await app.put(...numbered(40))
        const worker = app.worker('a')
        const running = worker.run()
        const lockMs = Number(app.row('Leader')?.['leaseDuration']?.S)
        await app.until('all', () => app.deliveries.length >= 40, lockMs + 30_000)
        assert.deepEqual(app.owners(), ['a', 'a', 'a', 'a'])
        assert.ok([...app.leases().values()].every((row) => row['checkpointOwner'] === undefined))
        await worker.consumer.close()
        await running
      },
      { shards: 4 },
    ))

  it('refuses a table of KCL 2.x and leaves it as it was', () =>
    inApplication(async (app) => {
      const rows = goldenItems('golden3x.json', 'assigned-not-renewed').filter(
        (row) => row['checkpoint'] !== undefined,
      )
      await tableOf(app, rows)
      const before = app.dynamo.items(TABLE)
      await assert.rejects(app.worker('a').run(), /belongs to KCL 2\.x/)
      assert.deepEqual(app.dynamo.items(TABLE), before)
    }))
})
