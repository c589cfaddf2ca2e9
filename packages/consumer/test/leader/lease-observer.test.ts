import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LeaseObserver } from '../../src/leader/lease-observer.ts'
import type { Lease } from '../../src/lease/lease.ts'
import { beliefEndMs } from '../../src/tenure/belief.ts'
import { leaseOf, position } from '../lease/leases.ts'

const F = 10_000

function owned(leaseCounter: number, fields: Partial<Lease> = {}): Lease {
  return leaseOf('s', { leaseOwner: 'a', leaseCounter, ...fields })
}

function at(sentMs: number, tookMs = 0): { readonly sentMs: number; readonly answeredMs: number } {
  return { sentMs, answeredMs: sentMs + tookMs }
}

describe('LeaseObserver', () => {
  it('takes what it sees for the first time for fresh, and expires it after F', () => {
    const observer = new LeaseObserver(F)
    assert.deepEqual([...observer.observe([owned(5)], at(0))], [])
    assert.deepEqual([...observer.observe([owned(5)], at(F))], [])
    assert.deepEqual([...observer.observe([owned(5)], at(F + 1))], ['s'])
  })

  it('counts anew from each rise of the counter', () => {
    const observer = new LeaseObserver(F)
    observer.observe([owned(5)], at(0))
    observer.observe([owned(6)], at(F))
    assert.deepEqual([...observer.observe([owned(6)], at(2 * F))], [])
    assert.deepEqual([...observer.observe([owned(6)], at(2 * F + 1))], ['s'])
  })

  it('is not deceived by a stale read, which shows an older counter', () => {
    const observer = new LeaseObserver(F)
    observer.observe([owned(6)], at(0))
    observer.observe([owned(5)], at(F / 2))
    observer.observe([owned(6)], at(F))
    assert.deepEqual([...observer.observe([owned(5)], at(F + 1))], ['s'])
  })

  it('counts anew when another worker has the lease', () => {
    const observer = new LeaseObserver(F)
    observer.observe([owned(6)], at(0))
    observer.observe([owned(6, { leaseOwner: 'b' })], at(F))
    assert.deepEqual([...observer.observe([owned(6, { leaseOwner: 'b' })], at(2 * F))], [])
  })

  describe('of owners that are not known to begin at once', () => {
    const given = (leaseCounter: number): Lease => owned(leaseCounter, { leaseOwner: 'java' })
    const afterGift = (): LeaseObserver => {
      const observer = new LeaseObserver(F, (owner) => owner === 'b')
      observer.observe([owned(5)], at(0))
      observer.observe([given(6)], at(1000))
      return observer
    }

    it('allows 1.5 F from the change of owner to the first renewal', () => {
      const observer = afterGift()
      assert.deepEqual([...observer.observe([given(6)], at(1000 + 1.5 * F))], [])
      assert.deepEqual([...observer.observe([given(6)], at(1001 + 1.5 * F))], ['s'])
    })

    it('allows F from the first renewal on', () => {
      const observer = afterGift()
      observer.observe([given(7)], at(2000))
      assert.deepEqual([...observer.observe([given(7)], at(2001 + F))], ['s'])
    })

    it('allows F where a free lease was given and renewed between two looks', () => {
      const observer = new LeaseObserver(F, () => false)
      observer.observe([leaseOf('s', { leaseCounter: 5 })], at(0))
      observer.observe([given(7)], at(1000))
      assert.deepEqual([...observer.observe([given(7)], at(1001 + F))], ['s'])
      const handed = new LeaseObserver(F, () => false)
      handed.observe([owned(5)], at(0))
      handed.observe([given(7)], at(1000))
      assert.deepEqual([...handed.observe([given(7)], at(1001 + F))], [])
    })

    it('allows F to what it has not seen change hands, and to owners that begin at once', () => {
      const observer = new LeaseObserver(F, (owner) => owner === 'b')
      observer.observe([given(6)], at(0))
      assert.deepEqual([...observer.observe([given(6)], at(F + 1))], ['s'])
      observer.observe([owned(7, { leaseOwner: 'b' })], at(F + 2))
      const expired = observer.observe([owned(7, { leaseOwner: 'b' })], at(2 * F + 3))
      assert.deepEqual([...expired], ['s'])
    })
  })

  it('watches the worker that hands over, not the one to come', () => {
    const observer = new LeaseObserver(F)
    const pending = owned(6, { leaseOwner: 'b', checkpointOwner: 'a' })
    observer.observe([owned(6)], at(0))
    assert.deepEqual([...observer.observe([pending], at(F + 1))], ['s'])
  })

  it('expires neither ended leases nor those that nobody has', () => {
    const observer = new LeaseObserver(F)
    const rows = [
      owned(1, { checkpoint: position('SHARD_END') }),
      leaseOf('free', { leaseCounter: 1 }),
    ]
    observer.observe(rows, at(0))
    assert.deepEqual([...observer.observe(rows, at(5 * F))], [])
  })

  it('forgets a row that was gone', () => {
    const observer = new LeaseObserver(F)
    observer.observe([owned(6)], at(0))
    observer.observe([], at(1))
    observer.observe([owned(6)], at(F))
    assert.deepEqual([...observer.observe([owned(6)], at(F + 1))], [])
  })

  it('says since when a counter has stood still', () => {
    const observer = new LeaseObserver(F)
    assert.equal(observer.stillSinceMs('s'), undefined)
    observer.observe([owned(5)], at(100, 20))
    observer.observe([owned(5)], at(200))
    assert.equal(observer.stillSinceMs('s'), 120)
    observer.observe([owned(6)], at(300))
    assert.equal(observer.stillSinceMs('s'), 300)
    observer.observe([], at(400))
    assert.equal(observer.stillSinceMs('s'), undefined)
  })

  it('says for how long it has watched', () => {
    const observer = new LeaseObserver(F)
    assert.equal(observer.watchedMs(5), 0)
    observer.observe([], at(100, 20))
    observer.observe([], at(200))
    assert.equal(observer.watchedMs(1000), 880)
  })

  it('never expires a lease whose holder still believes, however slow the scans are', () => {
    const times = fc.array(fc.record({ waitMs: fc.nat(6000), tookMs: fc.nat(6000) }), {
      minLength: 2,
      maxLength: 12,
    })
    fc.assert(
      fc.property(times, fc.nat(20_000), fc.nat(3333), (scans, diesAtMs, phaseMs) => {
        const observer = new LeaseObserver(F)
        // The holder renews every F/3 until it falls silent; a write is sent and applied at once.
        const sentTimes: number[] = []
        for (let t = phaseMs - 3333; t <= diesAtMs; t += 3333) sentTimes.push(t)
        let nowMs = 0
        for (const { waitMs, tookMs } of scans) {
          const sentMs = nowMs + waitMs
          // The row is read at the latest instant that the scan allows.
          const readMs = sentMs + tookMs
          const counter = sentTimes.filter((t) => t <= readMs).length
          const expired = observer.observe([owned(counter)], { sentMs, answeredMs: readMs })
          nowMs = readMs
          if (!expired.has('s')) continue
          const lastSentMs = sentTimes[counter - 1] ?? Number.NEGATIVE_INFINITY
          assert.ok(nowMs >= beliefEndMs(lastSentMs, F), `${nowMs} < ${lastSentMs} + F`)
        }
      }),
      { numRuns: 500 },
    )
  })
})
