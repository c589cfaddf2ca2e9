import type { AsyncResource } from 'node:async_hooks'
import type { VirtualProcess } from './virtual-process.ts'

/**
 * - `timer`: Node promises to run timers of one process in order of their due time
 * - `arrival`: comes from outside (a reply, a signal); no order is promised
 */
export type EventKind = 'timer' | 'arrival'

/** One thing that will happen at one virtual instant. */
export interface VirtualEvent {
  readonly kind: EventKind
  readonly owner: VirtualProcess | undefined
  /** The async context in which it was scheduled, and in which it runs. */
  readonly context: AsyncResource
  run: () => void
  atMs: number
  /** Drawn from the seed: shuffles what falls on the same instant. */
  tieBreak: number
  sequence: number
  /** Place in the heap; -1 when not in it. */
  heapIndex: number
}
