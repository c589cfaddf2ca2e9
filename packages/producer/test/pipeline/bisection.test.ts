import assert from 'node:assert/strict'
import { halve, noteAnswer } from '../../src/pipeline/bisection.ts'

const VAGUE = 'no such ARN'

describe('halve', () => {
  it('leaves a single entry alone', () => {
    assert.equal(halve(1, VAGUE, undefined), undefined)
  })

  it('gives up on eight parts that were all refused', () => {
    const half = halve(500, VAGUE, undefined)
    noteAnswer(half, false)
    const quarter = halve(250, VAGUE, half)
    noteAnswer(half, false)
    const otherQuarter = halve(250, VAGUE, half)
    noteAnswer(quarter, false)
    noteAnswer(quarter, false)
    noteAnswer(otherQuarter, false)
    noteAnswer(otherQuarter, false)
    const eighth = halve(125, VAGUE, quarter)
    assert.equal(eighth?.depth, 3)
    noteAnswer(eighth, false)
    assert.equal(halve(62, VAGUE, eighth), undefined)
  })

  it('goes on as long as a large part may still be taken: refusals come faster', () => {
    const half = halve(500, VAGUE, undefined)
    noteAnswer(half, false)
    const quarter = halve(250, VAGUE, half)
    noteAnswer(quarter, false)
    noteAnswer(quarter, false)
    const eighth = halve(125, VAGUE, quarter)
    noteAnswer(eighth, false)
    assert.equal(halve(62, VAGUE, eighth)?.depth, 4)
  })

  it('goes on when a part was taken, or when the service names an entry', () => {
    const search = { hasGoodPart: false, largePartsOut: 0 }
    const part = { depth: 5, search }
    assert.equal(halve(62, VAGUE, part), undefined)
    assert.equal(halve(62, "Value at 'records.7.member.data' is bad", part)?.depth, 6)
    noteAnswer(part, true)
    assert.equal(halve(62, VAGUE, part)?.depth, 6)
  })
})
