// Cost per immediate: O(1), apart from the choice among processes.
import type { AsyncResource } from 'node:async_hooks'
import type { VirtualProcess } from './virtual-process.ts'

export interface ImmediateEntry {
  readonly owner: VirtualProcess | undefined
  readonly context: AsyncResource
  readonly run: () => void
  cancelled: boolean
}

interface Lane {
  readonly owner: VirtualProcess | undefined
  readonly entries: ImmediateEntry[]
  head: number
}

/**
 * Node runs the immediates of one process first in, first out, so each process has a lane;
 * which process goes next is the caller's choice.
 */
export class ImmediateQueue {
  readonly #lanes: Lane[] = []

  add(entry: ImmediateEntry): void {
    const lane = this.#lanes.find((candidate) => candidate.owner === entry.owner)
    if (lane === undefined) {
      this.#lanes.push({ owner: entry.owner, entries: [entry], head: 0 })
    } else {
      lane.entries.push(entry)
    }
  }

  /** The next one to run, or `undefined`; `choose(n)` picks one of n processes. */
  take(choose: (count: number) => number): ImmediateEntry | undefined {
    for (;;) {
      const ready = this.#lanes.filter((lane) => lane.owner?.state !== 'paused')
      const lane = ready.length > 1 ? ready[choose(ready.length)] : ready[0]
      const entry = lane?.entries[lane.head]
      if (lane === undefined || entry === undefined) return undefined
      lane.head++
      if (lane.head === lane.entries.length) this.#lanes.splice(this.#lanes.indexOf(lane), 1)
      if (!entry.cancelled) return entry
    }
  }

  dropOwner(owner: VirtualProcess): void {
    const index = this.#lanes.findIndex((lane) => lane.owner === owner)
    if (index >= 0) this.#lanes.splice(index, 1)
  }
}
