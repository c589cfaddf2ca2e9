import assert from 'node:assert/strict'
import { isServiceError } from '@millrace/core'
import { nowMs, silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime, type SimulatedDynamo } from '@millrace/testing'
import { readWorkerMetricsRow, workerMetricsWrite } from '../../src/lease/worker-metrics-row.ts'
import { SignOfLife } from '../../src/worker/sign-of-life.ts'
import { TABLE, tableWith } from '../lease/lease-table-fixture.ts'

function withLife(
  body: (life: SignOfLife, dynamo: SimulatedDynamo) => Promise<void>,
  cpuAverages: () => readonly number[] = () => [],
): Promise<void> {
  return runInVirtualTime(async () => {
    const dynamo = await tableWith([])
    const life = new SignOfLife({
      dynamo,
      tableName: TABLE,
      workerId: 'me',
      requestTimeoutMs: 2000,
      cpuAverages,
      logger: silentLogger,
    })
    await body(life, dynamo)
  })
}

describe('SignOfLife', () => {
  it('writes a row that says when, and deletes it on a clean stop', () =>
    withLife(async (life, dynamo) => {
      await life.give()
      await sleep(10_000)
      await life.give()
      const [row] = dynamo.items(TABLE)
      assert.ok(row !== undefined)
      const read = readWorkerMetricsRow(row)
      assert.equal(read?.workerId, 'me')
      assert.equal(read.lastUpdateSeconds, Math.floor(nowMs() / 1000))
      assert.equal(read.metrics.standing, 'default')
      await life.withdraw()
      assert.deepEqual(dynamo.items(TABLE), [])
    }))

  it('is due at once again when the last one took as long as the interval', () =>
    withLife(async (life, dynamo) => {
      // Past the quick signs of a start.
      for (let i = 0; i < 3; i++) await life.give()
      await sleep(4000)
      assert.equal(life.dueInMs(10_000), 6000)
      // As one whose process was paused before the answer came.
      const update = dynamo.updateItem.bind(dynamo)
      dynamo.updateItem = async (input, options) => {
        await sleep(13_000)
        return await update(input, options)
      }
      await life.give()
      assert.equal(life.dueInMs(10_000), 0)
    }))

  it('tells how busy the CPU is, in each row anew', () => {
    let averages: readonly number[] = []
    return withLife(
      async (life, dynamo) => {
        for (averages of [[12.5], [12.5, -1], []]) {
          await life.give()
          const row = readWorkerMetricsRow(dynamo.items(TABLE)[0] ?? {})
          assert.deepEqual(row?.metrics.averages.get('C') ?? [], averages)
        }
      },
      () => averages,
    )
  })

  it('is due soon again at the start, by which leaders know a worker of ours', () =>
    withLife(async (life) => {
      const pauses: number[] = []
      for (let i = 0; i < 4; i++) {
        await life.give()
        pauses.push(life.dueInMs(10_000))
      }
      assert.deepEqual(pauses, [2500, 2500, 10_000, 10_000])
      assert.equal(life.dueInMs(1000), 1000)
    }))

  it('leaves the row of a successor with the same id', () =>
    withLife(async (life, dynamo) => {
      await life.give()
      await dynamo.updateItem(workerMetricsWrite(TABLE, 'me', nowMs() + 5000))
      await life.withdraw()
      assert.equal(dynamo.items(TABLE).length, 1)
    }))

  for (const [landed, kind] of [
    ['has landed', 'lose-reply'],
    ['has not', 'fail'],
  ] as const) {
    it(`deletes the row also after a write without an answer that ${landed}`, () =>
      withLife(async (life, dynamo) => {
        await life.give()
        for (let beats = 0; beats < 3; beats++) {
          await sleep(10_000)
          dynamo.injectFault({ operation: 'updateItem', kind })
          await assert.rejects(life.give(), isServiceError)
        }
        await life.withdraw()
        assert.deepEqual(dynamo.items(TABLE), [])
      }))
  }

  it('deletes the row of a first sign that was not answered', () =>
    withLife(async (life, dynamo) => {
      dynamo.injectFault({ operation: 'updateItem', kind: 'lose-reply' })
      await assert.rejects(life.give(), isServiceError)
      await life.withdraw()
      assert.deepEqual(dynamo.items(TABLE), [])
    }))

  it('has nothing to delete when it never gave one', () =>
    withLife(async (life, dynamo) => {
      dynamo.injectFault({ operation: 'deleteItem', kind: 'fail' })
      await life.withdraw()
      const unused = dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: 'me' } } })
      await assert.rejects(unused, isServiceError, 'the fault has met no call')
    }))

  it('does not fail a stop over a row that goes stale by itself', () =>
    withLife(async (life, dynamo) => {
      await life.give()
      dynamo.injectFault({ operation: 'deleteItem', kind: 'fail' })
      await life.withdraw()
      assert.equal(dynamo.items(TABLE).length, 1)
    }))

  it('rejects when it was not written, so that the loop tries again', () =>
    withLife(async (life, dynamo) => {
      dynamo.injectFault({ operation: 'updateItem', kind: 'throttle' })
      await assert.rejects(life.give(), isServiceError)
    }))
})
