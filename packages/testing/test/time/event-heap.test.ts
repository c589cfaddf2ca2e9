import assert from 'node:assert/strict'
import { AsyncResource } from 'node:async_hooks'
import fc from 'fast-check'
import { EventHeap } from '../../src/time/event-heap.ts'
import type { VirtualEvent } from '../../src/time/virtual-event.ts'

const context = new AsyncResource('test')

function event(atMs: number, tieBreak: number, sequence: number): VirtualEvent {
  return {
    kind: 'timer',
    owner: undefined,
    context,
    run() {},
    atMs,
    tieBreak,
    sequence,
    heapIndex: -1,
  }
}

describe('EventHeap', () => {
  it('gives out in order of instant, shuffle and age, whatever was removed between', () => {
    const entry = fc.record({ at: fc.nat(5), tie: fc.nat(3), removed: fc.boolean() })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
        const heap = new EventHeap()
        const events = entries.map(({ at, tie }, i) => event(at, tie, i))
        for (const each of events) heap.add(each)
        const kept = events.filter((each, i) => {
          if (entries[i]?.removed !== true) return true
          heap.remove(each)
          heap.remove(each)
          return false
        })
        const expected = [...kept].sort(
          (a, b) => a.atMs - b.atMs || a.tieBreak - b.tieBreak || a.sequence - b.sequence,
        )
        assert.equal(heap.size, expected.length)
        for (const each of expected) assert.equal(heap.take(), each)
        assert.equal(heap.take(), undefined)
      }),
    )
  })
})
