import assert from 'node:assert/strict'
import { RowAges } from '../../src/worker/row-ages.ts'
import { leaseOf, position } from '../lease/leases.ts'

function row(leaseCounter: number, at: number | string) {
  return leaseOf('s', { leaseOwner: 'b', leaseCounter, checkpoint: position(at) })
}

function at(sentMs: number, tookMs = 0): { readonly sentMs: number; readonly answeredMs: number } {
  return { sentMs, answeredMs: sentMs + tookMs }
}

describe('RowAges', () => {
  it('knows nothing of a row at first sight', () => {
    const ages = new RowAges()
    assert.equal(ages.of('s'), undefined)
    ages.observe([row(1, 7)], at(1000, 50))
    assert.equal(ages.of('s'), undefined)
  })

  it('counts from the answer of the first look to the sending of the last: at least', () => {
    const ages = new RowAges()
    ages.observe([row(1, 7)], at(0, 400))
    ages.observe([row(1, 7)], at(14_400, 900))
    assert.deepEqual(ages.of('s'), { checkpointMs: 14_000, counterMs: 14_000 })
  })

  it('times the checkpoint although the lease is renewed', () => {
    const ages = new RowAges()
    for (let i = 0; i <= 10; i++) ages.observe([row(i, 7)], at(i * 1000))
    assert.deepEqual(ages.of('s'), { checkpointMs: 10_000, counterMs: 0 })
  })

  it('counts anew from each change, also one back that an operator made', () => {
    const ages = new RowAges()
    ages.observe([row(1, 7)], at(0))
    ages.observe([row(2, 8)], at(5000))
    ages.observe([row(2, 8)], at(6000))
    assert.equal(ages.of('s')?.checkpointMs, 1000)
    ages.observe([row(2, 'TRIM_HORIZON')], at(7000))
    ages.observe([row(2, 'TRIM_HORIZON')], at(9000))
    assert.deepEqual(ages.of('s'), { checkpointMs: 2000, counterMs: 4000 })
  })

  it('is not deceived by a stale read', () => {
    const ages = new RowAges()
    ages.observe([row(2, 8)], at(0))
    ages.observe([row(1, 7)], at(5000))
    ages.observe([row(2, 8)], at(9000))
    assert.deepEqual(ages.of('s'), { checkpointMs: 9000, counterMs: 9000 })
  })

  it('forgets rows that are gone', () => {
    const ages = new RowAges()
    ages.observe([row(1, 7)], at(0))
    ages.observe([], at(1000))
    ages.observe([row(1, 7)], at(2000))
    assert.equal(ages.of('s'), undefined)
  })
})
