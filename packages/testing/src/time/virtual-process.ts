import { AsyncLocalStorage } from 'node:async_hooks'
import type { ImmediateEntry } from './immediate-queue.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { VirtualEvent } from './virtual-event.ts'

/** `paused`: nothing of it runs now: it is stopped, or its event loop is busy with one callback. */
export type ProcessState = 'running' | 'paused' | 'killed' | 'exited'

/** What a set of events belongs to, so that they can be dropped or held together. */
export class VirtualProcess {
  readonly name: string
  readonly #startedAtMs: number
  /** Local milliseconds per true one. */
  readonly clockRate: number
  /** How far its wall clock is off; its monotonic clock and timers do not know. */
  wallOffsetMs = 0
  /** Behind `Math.random` and `randomUUID` for code of this process. */
  readonly random: SeededRandom
  state: ProcessState = 'running'
  resumeAtMs = 0
  /** Events that fell due during a pause, in order of their due time. */
  readonly held: VirtualEvent[] = []
  /** How long the next callback keeps the event loop busy. */
  blockNextMs = 0
  /** Callbacks that keep it busy: their effects come first when it goes on. */
  readonly unfinished: (VirtualEvent | ImmediateEntry)[] = []

  constructor(name: string, random: SeededRandom, startedAtMs: number, clockRate: number) {
    this.name = name
    this.random = random
    this.#startedAtMs = startedAtMs
    this.clockRate = clockRate
  }

  /** What its monotonic clock says at a true instant. */
  localMs(elapsedMs: number): number {
    if (this.clockRate === 1) return elapsedMs
    return this.#startedAtMs + (elapsedMs - this.#startedAtMs) * this.clockRate
  }

  /** False once killed or exited: nothing of it may run again. */
  get alive(): boolean {
    return this.state === 'running' || this.state === 'paused'
  }
}

/** Which process the code that runs now belongs to; follows promises and timers by itself. */
export const processContext: AsyncLocalStorage<VirtualProcess> = new AsyncLocalStorage()
