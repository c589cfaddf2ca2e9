import assert from 'node:assert/strict'
import { unstartedConsumer } from './unstarted-consumer.ts'

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
      const one = unstartedConsumer()
      await assert.rejects(one.run({ eachRecord: () => {} }, options as never), refused)
      assert.throws(() => one.batches(options as never), refused)
      assert.equal(one.state, 'created')
      one.batches({ signal: undefined })
    })
  }
})
