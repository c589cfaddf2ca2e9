import assert from 'node:assert/strict'
import { Consumer } from '@millrace/consumer'
import { SimulatedDynamo, SimulatedKinesis } from '@millrace/testing'

function consumer(): Consumer {
  return new Consumer({
    applicationName: 'orders-app',
    stream: 'orders',
    client: new SimulatedKinesis(),
    dynamodb: new SimulatedDynamo(),
    logger: false,
  })
}

const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
  ['a misspelt one', { signl: AbortSignal.abort() }, /Unknown option signl/],
  ['one that is no signal', { signal: 5 }, /signal has no addEventListener/],
  ['a signal without its name', AbortSignal.abort(), /options are an AbortSignal/],
  ['a number', 5, /./],
]

describe('the signal of run() and batches()', () => {
  for (const [what, options, message] of WRONG) {
    it(`is refused: ${what}; the consumer can still be run`, async () => {
      const refused = { code: 'ERR_KINESIS_INVALID_OPTION', message }
      const one = consumer()
      await assert.rejects(one.run({ eachRecord: () => {} }, options as never), refused)
      assert.throws(() => one.batches(options as never), refused)
      assert.equal(one.state, 'created')
      one.batches({ signal: undefined })
    })
  }
})
