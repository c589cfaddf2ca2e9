// Cost per event: O(log n) to add, take and remove; the index in each event makes removal direct.
import type { VirtualEvent } from './virtual-event.ts'

/** True when `a` happens before `b`: by instant, then by the seed's shuffle, then by age. */
function precedes(a: VirtualEvent, b: VirtualEvent): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs
  if (a.tieBreak !== b.tieBreak) return a.tieBreak < b.tieBreak
  return a.sequence < b.sequence
}

export class EventHeap {
  readonly #events: VirtualEvent[] = []

  get size(): number {
    return this.#events.length
  }

  peek(): VirtualEvent | undefined {
    return this.#events[0]
  }

  add(event: VirtualEvent): void {
    this.#events.push(event)
    this.#rise(event, this.#events.length - 1)
  }

  take(): VirtualEvent | undefined {
    const first = this.#events[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Does nothing when the event is not in the heap. */
  remove(event: VirtualEvent): void {
    const index = event.heapIndex
    if (index < 0) return
    event.heapIndex = -1
    const last = this.#events.pop()
    if (last === undefined || last === event) return
    const parent = this.#events[(index - 1) >> 1]
    if (index > 0 && parent !== undefined && precedes(last, parent)) this.#rise(last, index)
    else this.#sink(last, index)
  }

  /** Takes out every event that passes, in no particular order. */
  removeWhere(test: (event: VirtualEvent) => boolean): void {
    for (const event of this.#events.filter(test)) this.remove(event)
  }

  count(test: (event: VirtualEvent) => boolean): number {
    let found = 0
    for (const event of this.#events) if (test(event)) found++
    return found
  }

  #rise(event: VirtualEvent, from: number): void {
    const events = this.#events
    let index = from
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = events[parentIndex]
      if (parent === undefined || !precedes(event, parent)) break
      events[index] = parent
      parent.heapIndex = index
      index = parentIndex
    }
    events[index] = event
    event.heapIndex = index
  }

  #sink(event: VirtualEvent, from: number): void {
    const events = this.#events
    let index = from
    for (;;) {
      let childIndex = 2 * index + 1
      let child = events[childIndex]
      if (child === undefined) break
      const right = events[childIndex + 1]
      if (right !== undefined && precedes(right, child)) {
        child = right
        childIndex++
      }
      if (!precedes(child, event)) break
      events[index] = child
      child.heapIndex = index
      index = childIndex
    }
    events[index] = event
    event.heapIndex = index
  }
}
