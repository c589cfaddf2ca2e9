import assert from 'node:assert/strict'
import { isServiceError } from '@millrace/core'
import {
  isFresh,
  readWorkerMetricsRow,
  workerMetricsDelete,
  workerMetricsWrite,
} from '../../src/lease/worker-metrics-row.ts'
import { goldenItem, goldenMoments } from './golden.ts'
import { TABLE, tableWith } from './lease-table-fixture.ts'

const javaRow = goldenItem('golden3x.json', 'leases-created', 'w1')
const javaSeconds = Number(javaRow['lut']?.N)

describe('readWorkerMetricsRow', () => {
  it('reads every worker row that KCL was seen to write', () => {
    let rows = 0
    for (const { items } of goldenMoments()) {
      for (const item of items) {
        if (item['entityType']?.S !== 'WORKER_METRIC_STATS' || item['leaseKey'] === undefined)
          continue
        rows++
        const row = readWorkerMetricsRow(item)
        assert.equal(row?.workerId, item['leaseKey'].S)
        assert.equal(row?.lastUpdateSeconds, Number(item['lut']?.N))
        const isMeasured = item['sts']?.M?.['C'] !== undefined
        assert.equal(row.metrics.standing, isMeasured ? 'measured' : 'default')
      }
    }
    assert.ok(rows > 20)
  })

  it('does not count a worker whose last update cannot be read', () => {
    for (const lut of [{ S: '5' }, { N: 'soon' }, {}]) {
      assert.equal(readWorkerMetricsRow({ ...javaRow, lut }), undefined)
    }
  })
})

describe('isFresh', () => {
  const row = { workerId: 'w1', lastUpdateSeconds: 1000 }
  const cases: readonly (readonly [number, boolean])[] = [
    [1_000_000, true],
    [1_060_999, true],
    [1_061_000, false],
    [990_000, true],
  ]
  for (const [nowMs, fresh] of cases) {
    it(`is ${fresh} ${nowMs - 1_000_000} ms after the update`, () => {
      assert.equal(isFresh(row, nowMs), fresh)
    })
  }
})

describe('workerMetricsWrite', () => {
  it("makes KCL's row of a worker without metrics", async () => {
    const table = await tableWith([])
    await table.updateItem(workerMetricsWrite(TABLE, 'w1', javaSeconds * 1000 + 999))
    assert.deepEqual(table.items(TABLE), [javaRow])
  })

  it("makes KCL's row of a worker that measures its CPU", async () => {
    const measured = goldenMoments()
      .flatMap(({ items }) => items)
      .filter((item) => item['sts']?.M?.['C'] !== undefined && item['leaseKey'] !== undefined)
    assert.ok(measured.length > 3)
    for (const item of measured) {
      const row = readWorkerMetricsRow(item)
      assert.ok(row !== undefined)
      const { workerId, lastUpdateSeconds, metrics } = row
      const averages = metrics.averages.get('C')
      const table = await tableWith([])
      await table.updateItem(
        workerMetricsWrite(TABLE, workerId, lastUpdateSeconds * 1000, averages),
      )
      assert.deepEqual(table.items(TABLE), [item])
    }
  })

  it('takes back what it measured once it measures no more', async () => {
    const table = await tableWith([])
    await table.updateItem(workerMetricsWrite(TABLE, 'w1', javaSeconds * 1000, [50]))
    await table.updateItem(workerMetricsWrite(TABLE, 'w1', javaSeconds * 1000))
    assert.deepEqual(table.items(TABLE), [javaRow])
  })

  it('renews its own row and keeps what it does not know', async () => {
    const table = await tableWith([{ ...javaRow, properties: { M: { zone: { S: 'a' } } } }])
    await table.updateItem(workerMetricsWrite(TABLE, 'w1', (javaSeconds + 30) * 1000))
    const [row] = table.items(TABLE)
    assert.equal(row?.['lut']?.N, String(javaSeconds + 30))
    assert.deepEqual(row['properties'], { M: { zone: { S: 'a' } } })
  })
})

describe('workerMetricsDelete', () => {
  it('deletes the row that was seen, and not one that a successor has renewed', async () => {
    const table = await tableWith([javaRow])
    const stale = workerMetricsDelete(TABLE, { workerId: 'w1', lastUpdateSeconds: javaSeconds - 1 })
    await assert.rejects(
      table.deleteItem(stale),
      (cause) => isServiceError(cause) && cause.kind === 'condition-failed',
    )
    await table.deleteItem(
      workerMetricsDelete(TABLE, { workerId: 'w1', lastUpdateSeconds: javaSeconds }),
    )
    assert.deepEqual(table.items(TABLE), [])
  })
})
