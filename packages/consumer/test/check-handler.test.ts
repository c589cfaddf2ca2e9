import assert from 'node:assert/strict'
import { InvalidOptionError } from '@millrace/core'
import { unstartedConsumer } from './unstarted-consumer.ts'

function refusal(hint: RegExp): (cause: unknown) => boolean {
  return (cause) => {
    assert.ok(cause instanceof InvalidOptionError)
    assert.match(cause.hint, hint)
    return true
  }
}

describe('Consumer.run, given no handler', () => {
  for (const [what, handler, hint] of [
    ['nothing', undefined, /eachRecord/],
    ['a name that is none', { eachRecrod: () => {} }, /Did you mean "eachRecord"/],
    ['two kinds', { eachRecord: () => {}, eachBatch: () => {} }, /one function/],
    ['no function', { processor: {} }, /one function/],
  ] as const) {
    it(`refuses ${what} before a lease is taken, and can still be run`, async () => {
      const worker = unstartedConsumer()
      await assert.rejects(worker.run(handler as never), refusal(hint))
      assert.equal(worker.state, 'created')
    })
  }
})

describe('Consumer.run, given a handler that an option does not fit', () => {
  it('refuses to hold single records for a larger batch', async () => {
    const worker = unstartedConsumer({ maxBatchWaitMs: 100 })
    await assert.rejects(worker.run({ eachRecord: () => {} }), refusal(/eachBatch/))
    assert.equal(worker.state, 'created')
  })

  it('refuses concurrency for what takes batches, or pulls', async () => {
    const worker = unstartedConsumer({ concurrencyPerShard: 2 })
    await assert.rejects(worker.run({ eachBatch: () => {} }), refusal(/eachRecord/))
    await assert.rejects(
      worker.run({ processor: () => ({ processRecords: () => {} }) }),
      refusal(/eachRecord/),
    )
    assert.throws(() => worker.batches(), refusal(/eachRecord/))
    assert.throws(() => worker.readable(), refusal(/eachRecord/))
    assert.equal(worker.state, 'created')
  })
})

describe('Consumer.close, given a wrong timeoutMs', () => {
  it('refuses it, and closes when asked properly', async () => {
    const worker = unstartedConsumer()
    await assert.rejects(worker.close({ timeoutMs: -1 }), refusal(/from 0/))
    await worker.close()
    assert.equal(worker.state, 'stopped')
  })
})
