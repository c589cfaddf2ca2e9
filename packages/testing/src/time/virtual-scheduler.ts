// Cost per event: one heap add and take, one async scope; no promise.
import { AsyncResource } from 'node:async_hooks'
import { EventHeap } from './event-heap.ts'
import { type ImmediateEntry, ImmediateQueue } from './immediate-queue.ts'
import { SeededRandom } from './seeded-random.ts'
import type { EventKind, VirtualEvent } from './virtual-event.ts'
import { type ProcessState, processContext, VirtualProcess } from './virtual-process.ts'

export type FailureListener = (cause: unknown, owner: VirtualProcess | undefined) => void

/** What happens when, and to which process. Knows nothing of globals or of real time. */
export class VirtualScheduler {
  readonly #heap = new EventHeap()
  readonly #immediates = new ImmediateQueue()
  /** The rest of callbacks that kept an event loop busy: they go before all else of their process. */
  readonly #finishing: (VirtualEvent | ImmediateEntry)[] = []
  readonly #ties: SeededRandom
  /** Code outside every process: the programme, models, the network. */
  readonly #outside: AsyncResource = processContext.exit(() => newContext())
  readonly seed: number
  readonly ambientRandom: SeededRandom
  #elapsedMs = 0
  #sequence = 0
  #events = 0
  #current: VirtualProcess | undefined

  constructor(seed: number) {
    this.seed = seed
    this.#ties = new SeededRandom(seed, 'virtual-time/order')
    this.ambientRandom = new SeededRandom(seed, 'virtual-time/ambient')
  }

  get elapsedMs(): number {
    return this.#elapsedMs
  }
  /** Events run so far. */
  get events(): number {
    return this.#events
  }
  /** The process of the event that ran last: its microtasks and rejections are drained now. */
  get currentProcess(): VirtualProcess | undefined {
    return this.#current
  }
  /** When the next timed event falls due, or `undefined`. */
  get nextAtMs(): number | undefined {
    return this.#heap.peek()?.atMs
  }

  /** Timed events waiting, of one process when given. */
  waiting(owner?: VirtualProcess): number {
    return owner === undefined ? this.#heap.size : this.#heap.count((e) => e.owner === owner)
  }

  /** Schedules a timer in the caller's async context and process. */
  schedule(delayMs: number, run: () => void): VirtualEvent {
    return this.#add(delayMs, run, 'timer', processContext.getStore(), newContext())
  }

  /** Schedules outside every process: no kill or pause touches it. */
  scheduleOutside(delayMs: number, run: () => void): VirtualEvent {
    return this.#add(delayMs, run, 'arrival', undefined, this.#outside)
  }

  /** Schedules for a process that may die or pause before. */
  scheduleFor(
    owner: VirtualProcess,
    context: AsyncResource,
    kind: EventKind,
    delayMs: number,
    run: () => void,
  ): VirtualEvent {
    return this.#add(delayMs, run, kind, owner, context)
  }

  reschedule(event: VirtualEvent, delayMs: number): void {
    this.cancel(event)
    if (event.owner?.alive === false) return
    event.atMs = this.#elapsedMs + delayMs
    this.#enqueue(event)
  }

  cancel(event: VirtualEvent): void {
    this.#heap.remove(event)
    const held = event.owner?.held
    const index = held === undefined ? -1 : held.indexOf(event)
    if (index >= 0) held?.splice(index, 1)
  }

  /** Queues for the current instant, before any timer. */
  addImmediate(run: () => void): ImmediateEntry {
    const owner = processContext.getStore()
    const entry: ImmediateEntry = { owner, context: newContext(), run, cancelled: false }
    if (owner?.alive !== false) this.#immediates.add(entry)
    return entry
  }

  /** @param site names its ambient randomness */
  createProcess(name: string, site: string, clockRate = 1): VirtualProcess {
    const random = new SeededRandom(this.seed, `${site}/ambient`)
    return new VirtualProcess(name, random, this.#elapsedMs, clockRate)
  }

  /** Starts code of a process as an event of its own. */
  startIn(owner: VirtualProcess, run: () => void): void {
    processContext.run(owner, () => this.addImmediate(run))
  }

  /** Ends a process: all that it waits for is dropped and nothing of it runs again. */
  stop(owner: VirtualProcess, state: Extract<ProcessState, 'killed' | 'exited'>): void {
    if (!owner.alive) return
    owner.state = state
    owner.held.length = 0
    owner.unfinished.length = 0
    this.#heap.removeWhere((event) => event.owner === owner)
    this.#immediates.dropOwner(owner)
  }

  /** Holds what falls due until `forMs` from now; clocks go on. A longer pause wins. */
  pause(owner: VirtualProcess, forMs: number): void {
    if (!owner.alive) return
    owner.state = 'paused'
    owner.resumeAtMs = Math.max(owner.resumeAtMs, this.#elapsedMs + forMs)
    this.scheduleOutside(forMs, () => {
      if (owner.state === 'paused' && this.#elapsedMs >= owner.resumeAtMs) this.#resume(owner)
    })
  }

  /**
   * Keeps the event loop of a process busy with its next callback: that callback takes `forMs`, and
   * what it does comes at the end of it. What falls due meanwhile waits, as it does in a pause.
   */
  blockNext(owner: VirtualProcess, forMs: number): void {
    if (owner.alive) owner.blockNextMs += forMs
  }

  /** For the callback that runs now: it takes `forMs`, and goes on with `rest`. */
  block(owner: VirtualProcess, forMs: number, rest: () => void): void {
    this.#block(owner, forMs, { owner, context: newContext(), run: rest, cancelled: false })
  }

  /** Runs the next event; false when there is none. Microtasks are the caller's to drain. */
  step(onFailure: FailureListener): boolean {
    const rest = this.#finishing.shift()
    if (rest !== undefined) {
      // One of two that finish together has begun to block anew: the other waits for that.
      if (rest.owner?.state === 'paused') rest.owner.unfinished.push(rest)
      else if (rest.owner?.alive !== false) this.#run(rest, onFailure)
      return true
    }
    const immediate = this.#immediates.take((count) => this.#ties.uint32() % count)
    if (immediate !== undefined) {
      this.#run(immediate, onFailure)
      return true
    }
    for (;;) {
      const event = this.#heap.take()
      if (event === undefined) return false
      this.#elapsedMs = event.atMs
      if (event.owner?.state === 'paused') {
        event.owner.held.push(event)
        continue
      }
      this.#run(event, onFailure)
      return true
    }
  }

  #run(event: VirtualEvent | ImmediateEntry, onFailure: FailureListener): void {
    const { owner } = event
    if (owner !== undefined && owner.blockNextMs > 0) {
      const forMs = owner.blockNextMs
      owner.blockNextMs = 0
      this.#block(owner, forMs, event)
      return
    }
    this.#events++
    this.#current = owner
    try {
      event.context.runInAsyncScope(event.run)
    } catch (cause) {
      onFailure(cause, owner)
    }
  }

  #block(owner: VirtualProcess, forMs: number, rest: VirtualEvent | ImmediateEntry): void {
    if (!owner.alive) return
    owner.unfinished.push(rest)
    // Two callbacks of one process cannot overlap: the second takes its time after the first.
    const alreadyMs = owner.state === 'paused' ? owner.resumeAtMs - this.#elapsedMs : 0
    this.pause(owner, alreadyMs + forMs)
  }

  #resume(owner: VirtualProcess): void {
    owner.state = 'running'
    this.#finishing.push(...owner.unfinished.splice(0))
    const held = owner.held.splice(0)
    // A woken process runs its overdue timers in order of their due time, as Node does; replies
    // that came meanwhile fall anywhere between.
    const timerTies = held
      .filter((event) => event.kind === 'timer')
      .map(() => this.#ties.uint32())
      .sort((a, b) => b - a)
    for (const event of held) {
      event.atMs = this.#elapsedMs
      event.tieBreak = (event.kind === 'timer' ? timerTies.pop() : undefined) ?? this.#ties.uint32()
      this.#heap.add(event)
    }
  }

  #add(
    delayMs: number,
    run: () => void,
    kind: EventKind,
    owner: VirtualProcess | undefined,
    context: AsyncResource,
  ): VirtualEvent {
    const event: VirtualEvent = {
      kind,
      owner,
      context,
      run,
      atMs: this.#elapsedMs + delayMs,
      tieBreak: 0,
      sequence: 0,
      heapIndex: -1,
    }
    if (owner?.alive !== false) this.#enqueue(event)
    return event
  }

  #enqueue(event: VirtualEvent): void {
    event.tieBreak = this.#ties.uint32()
    event.sequence = this.#sequence++
    this.#heap.add(event)
  }
}

/** Carries every AsyncLocalStorage of the caller, not only ours, as real timers do. */
export function newContext(): AsyncResource {
  return new AsyncResource('VirtualEvent', { requireManualDestroy: true })
}
