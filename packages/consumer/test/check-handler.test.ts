import assert from 'node:assert/strict'
import { Consumer, type ConsumerOptions } from '@millrace/consumer'
import { InvalidOptionError } from '@millrace/core'
import { SimulatedDynamo, SimulatedKinesis } from '@millrace/testing'

function consumer(options: Partial<ConsumerOptions> = {}): Consumer {
  return new Consumer({
    applicationName: 'orders-app',
    stream: 'orders',
    client: new SimulatedKinesis(),
    dynamodb: new SimulatedDynamo(),
    logger: false,
    ...options,
  })
}

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
      const worker = consumer()
      await assert.rejects(worker.run(handler as never), refusal(hint))
      assert.equal(worker.state, 'created')
    })
  }
})

describe('Consumer.run, given a handler that an option does not fit', () => {
  it('refuses to hold single records for a larger batch', async () => {
    const worker = consumer({ maxBatchWaitMs: 100 })
    await assert.rejects(worker.run({ eachRecord: () => {} }), refusal(/eachBatch/))
    assert.equal(worker.state, 'created')
  })

  it('refuses concurrency for what takes batches, or pulls', async () => {
    const worker = consumer({ concurrencyPerShard: 2 })
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
    const worker = consumer()
    await assert.rejects(worker.close({ timeoutMs: -1 }), refusal(/from 0/))
    await worker.close()
    assert.equal(worker.state, 'stopped')
  })
})
