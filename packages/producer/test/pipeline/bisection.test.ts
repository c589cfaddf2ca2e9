import assert from 'node:assert/strict'
import {
  type Bisection,
  halve,
  noteAnswer,
  waitForOtherHalf,
} from '../../src/pipeline/bisection.ts'

const VAGUE = 'no such ARN'

function firstHalves(): Bisection {
  const half = halve(500, VAGUE, undefined)
  assert.ok(typeof half === 'object')
  return half
}

describe('halve', () => {
  it('leaves a single entry alone', () => {
    assert.equal(halve(1, VAGUE, undefined), 'fail')
  })

  it('gives up when both halves were refused', () => {
    const half = firstHalves()
    noteAnswer(half, true)
    assert.equal(halve(250, VAGUE, half), 'wait')
    let decision: unknown
    waitForOtherHalf(half, () => {
      decision = halve(250, VAGUE, half)
    })
    noteAnswer(half, true)
    assert.equal(decision, 'fail')
    assert.equal(halve(250, VAGUE, half), 'fail')
  })

  it('goes on when the other half was taken, in whatever order the answers come', () => {
    for (const isTakenFirst of [true, false]) {
      const half = firstHalves()
      noteAnswer(half, !isTakenFirst)
      let decision = halve(250, VAGUE, half)
      if (!isTakenFirst) {
        assert.equal(decision, 'wait')
        waitForOtherHalf(half, () => {
          decision = halve(250, VAGUE, half)
        })
      }
      noteAnswer(half, isTakenFirst)
      assert.deepEqual(decision, { depth: 2, search: half.search })
    }
  })

  it('goes on when the service names an entry', () => {
    const half = firstHalves()
    noteAnswer(half, true)
    const quarter = halve(250, "Value at 'records.7.member.data' is bad", half)
    assert.equal(typeof quarter === 'object' && quarter.depth, 2)
  })
})
