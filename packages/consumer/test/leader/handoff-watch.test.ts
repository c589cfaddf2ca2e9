import assert from 'node:assert/strict'
import { HandoffWatch } from '../../src/leader/handoff-watch.ts'
import { leaseOf } from '../lease/leases.ts'

describe('HandoffWatch', () => {
  const asked = leaseOf('s', { leaseOwner: 'b', checkpointOwner: 'a' })

  it('counts from the first look, however often the holder renews', () => {
    const watch = new HandoffWatch()
    watch.observe([asked], 1000)
    watch.observe([{ ...asked, leaseCounter: 7 }], 5000)
    assert.equal(watch.stoodMs('s', 6000), 5000)
  })

  it('begins anew with another next owner, and with the next handoff of the same two', () => {
    const watch = new HandoffWatch()
    watch.observe([asked], 1000)
    watch.observe([{ ...asked, leaseOwner: 'c' }], 3000)
    assert.equal(watch.stoodMs('s', 4000), 1000)
    watch.observe([leaseOf('s', { leaseOwner: 'c' })], 5000)
    assert.equal(watch.stoodMs('s', 6000), 0)
    watch.observe([{ ...asked, leaseOwner: 'c' }], 7000)
    assert.equal(watch.stoodMs('s', 8000), 1000)
  })
})
