import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { Serial } from '../../src/tenure/serial.ts'

describe('Serial', () => {
  it('runs one task at a time, in the order they came', () =>
    runInVirtualTime(async () => {
      const serial = new Serial()
      const seen: string[] = []
      const task = (name: string, ms: number) => () =>
        Promise.resolve(seen.push(`${name} begins`))
          .then(() => sleep(ms))
          .then(() => {
            seen.push(`${name} ends`)
            return name
          })
      const results = await Promise.all([serial.run(task('a', 50)), serial.run(task('b', 1))])
      assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends'])
      assert.deepEqual(results, ['a', 'b'])
    }))

  it('goes on after a task that failed, and tells only its caller', async () => {
    const serial = new Serial()
    const failed = serial.run(() => Promise.reject(new Error('planned')))
    const next = serial.run(() => Promise.resolve('next'))
    await assert.rejects(failed, /planned/)
    assert.equal(await next, 'next')
  })
})
