import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DeadlineHeap, type HeapItem } from '../../src/pipeline/deadline-heap.ts'

describe('DeadlineHeap', () => {
  it('always shows the earliest deadline, whatever is placed, moved and removed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 19 }), fc.option(fc.nat({ max: 100 })))),
        (changes) => {
          const heap = new DeadlineHeap<HeapItem>()
          const items = Array.from({ length: 20 }, () => ({ deadlineMs: 0, heapIndex: -1 }))
          const model = new Set<HeapItem>()
          for (const [which, deadlineMs] of changes) {
            const item = items[which] as HeapItem
            if (deadlineMs === null) {
              heap.remove(item)
              model.delete(item)
            } else {
              item.deadlineMs = deadlineMs
              heap.place(item)
              model.add(item)
            }
            assert.equal(heap.length, model.size)
            const earliest = Math.min(...[...model].map((held) => held.deadlineMs))
            assert.equal(heap.peek()?.deadlineMs ?? Number.POSITIVE_INFINITY, earliest)
          }
        },
      ),
    )
  })
})
