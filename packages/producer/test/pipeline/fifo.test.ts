import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Fifo } from '../../src/pipeline/fifo.ts'

describe('Fifo', () => {
  it('gives back in order what was put in, also past its compaction', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1500, max: 1500 }), { maxLength: 30 }), (steps) => {
        const fifo = new Fifo<number>()
        let pushed = 0
        let shifted = 0
        for (const step of steps) {
          for (let i = 0; i < step; i++) fifo.push(pushed++)
          for (let i = 0; i < -step; i++) {
            const expected = shifted < pushed ? shifted++ : undefined
            assert.equal(fifo.peek(), expected)
            assert.equal(fifo.shift(), expected)
          }
          assert.equal(fifo.length, pushed - shifted)
        }
        assert.deepEqual(
          fifo.takeAll(),
          Array.from({ length: pushed - shifted }, (_, i) => shifted + i),
        )
        assert.equal(fifo.length, 0)
      }),
    )
  })
})
