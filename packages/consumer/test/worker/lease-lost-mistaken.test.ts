import assert from 'node:assert/strict'
import { LeaseLostError } from '../../src/errors.ts'
import { inApplication, SHARD } from '../application.ts'

describe('Worker, when a shard consumer takes its lease for lost that is held', () => {
  it('lets go of the lease instead of renewing what nobody serves', () =>
    inApplication(async (app) => {
      const { kinesis } = app
      const getRecords = kinesis.getRecords.bind(kinesis)
      let refusals = 0
      kinesis.getRecords = (...args) => {
        if (refusals > 0 || app.deliveries.length === 0) return getRecords(...args)
        refusals++
        return Promise.reject(new LeaseLostError(SHARD, 'so it seems'))
      }
      const worker = app.worker('a')
      const running = worker.run()
      await app.put('first')
      await app.until('the first record', () => app.deliveries.length === 1)
      await app.until('the refusal', () => refusals === 1)
      await app.put('second')
      await app.until('the second record', () => app.delivered.includes('second'), 10_000)
      assert.deepEqual(
        worker.heard('leaseLost').map(([, reason]) => reason),
        ['released'],
      )
      await worker.consumer.close()
      await running
    }))
})
