import assert from 'node:assert/strict'
import { silentLogger } from '@millrace/core/internal'
import { runInVirtualTime, VIRTUAL_EPOCH_MS } from '@millrace/testing'
import { MetricsTidier } from '../../src/leader/metrics-tidier.ts'
import { snapshotOf } from '../../src/lease/table-snapshot.ts'
import { workerMetricsWrite } from '../../src/lease/worker-metrics-row.ts'
import { TABLE, tableWith } from '../lease/lease-table-fixture.ts'
import { inFleet } from '../worker/fleet.ts'

const DAY_MS = 86_400_000

describe('MetricsTidier', () => {
  it('deletes rows that are older than a day, and no younger one', () =>
    runInVirtualTime(async () => {
      const dynamo = await tableWith([])
      const write = (id: string, ageMs: number) =>
        dynamo.updateItem(workerMetricsWrite(TABLE, id, VIRTUAL_EPOCH_MS - ageMs))
      await write('gone', DAY_MS + 5000)
      await write('asleep', DAY_MS - 5000)
      const { workers } = snapshotOf(dynamo.items(TABLE))
      const tidier = new MetricsTidier({
        dynamo,
        tableName: TABLE,
        requestTimeoutMs: 2000,
        logger: silentLogger,
      })
      await tidier.step(workers)
      const left = snapshotOf(dynamo.items(TABLE)).workers.map(({ workerId }) => workerId)
      assert.deepEqual(left, ['asleep'])
    }))

  it('keeps the row of a worker that came back since it was seen', () =>
    runInVirtualTime(async () => {
      const dynamo = await tableWith([])
      await dynamo.updateItem(workerMetricsWrite(TABLE, 'back', VIRTUAL_EPOCH_MS - 2 * DAY_MS))
      const { workers } = snapshotOf(dynamo.items(TABLE))
      await dynamo.updateItem(workerMetricsWrite(TABLE, 'back', VIRTUAL_EPOCH_MS))
      const tidier = new MetricsTidier({
        dynamo,
        tableName: TABLE,
        requestTimeoutMs: 2000,
        logger: silentLogger,
      })
      await tidier.step(workers)
      assert.equal(snapshotOf(dynamo.items(TABLE)).workers.length, 1)
    }))

  it('deletes no row of a worker that lives, however far its clock is ahead', () =>
    inFleet({ shards: 2 }, async (fleet) => {
      fleet.start('ahead', { clockOffsetMs: 3 * DAY_MS })
      await fleet.until('the lead', () => fleet.leader() === 'ahead')
      fleet.start('b')
      await fleet.until('spread', () => fleet.isSpread(2, 'ahead', 'b'))
      await fleet.world.sleep(700_000)
      assert.equal(fleet.leader(), 'ahead')
      assert.equal(fleet.world.counted('call.dynamo.deleteItem'), 0)
      for (const id of ['ahead', 'b']) fleet.kill(id)
    }))
})
