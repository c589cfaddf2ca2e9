/** The timer functions of Node, over a virtual scheduler. */
import { promisify } from 'node:util'
import type { ImmediateEntry } from './immediate-queue.ts'
import type { VirtualEvent } from './virtual-event.ts'
import { processContext } from './virtual-process.ts'
import type { VirtualScheduler } from './virtual-scheduler.ts'

type Callback = (...args: unknown[]) => void

/** Node's rule: anything that is not 1 to 2^31 - 1 means 1; fractions are cut. */
function nodeDelayMs(delay: unknown): number {
  const ms = Number(delay)
  return ms >= 1 && ms <= 2147483647 ? Math.trunc(ms) : 1
}

/** How long a delay by the caller's own clock takes by the true one. */
function trueDelayMs(localMs: number): number {
  const rate = processContext.getStore()?.clockRate ?? 1
  // Cut to whole microseconds, upwards: a timer never fires early by its own clock.
  return rate === 1 ? localMs : Math.ceil((localMs / rate) * 1000) / 1000
}

/** Same shape as Node's `Timeout`. */
class VirtualTimeout {
  readonly #scheduler: VirtualScheduler
  readonly #byId: Map<number, VirtualTimeout>
  readonly #event: VirtualEvent
  readonly #delayMs: number
  readonly #id: number
  #cleared = false
  #ref = true

  constructor(
    scheduler: VirtualScheduler,
    byId: Map<number, VirtualTimeout>,
    id: number,
    delayMs: number,
    repeats: boolean,
    run: () => void,
  ) {
    this.#scheduler = scheduler
    this.#byId = byId
    this.#id = id
    this.#delayMs = delayMs
    this.#event = scheduler.schedule(
      delayMs,
      repeats
        ? () => {
            // Re-armed first: the callback may clear it, or throw.
            scheduler.reschedule(this.#event, delayMs)
            run()
          }
        : run,
    )
  }

  clear(): void {
    this.#cleared = true
    this.#byId.delete(this.#id)
    this.#scheduler.cancel(this.#event)
  }
  close(): this {
    this.clear()
    return this
  }
  ref(): this {
    this.#ref = true
    return this
  }
  unref(): this {
    this.#ref = false
    return this
  }
  hasRef(): boolean {
    return this.#ref
  }
  refresh(): this {
    if (!this.#cleared) this.#scheduler.reschedule(this.#event, this.#delayMs)
    return this
  }
  [Symbol.toPrimitive](): number {
    this.#byId.set(this.#id, this)
    return this.#id
  }
  [Symbol.dispose](): void {
    this.clear()
  }
}

/** Same shape as Node's `Immediate`. */
class VirtualImmediate {
  readonly #entry: ImmediateEntry
  #ref = true

  constructor(entry: ImmediateEntry) {
    this.#entry = entry
  }

  clear(): void {
    this.#entry.cancelled = true
  }
  ref(): this {
    this.#ref = true
    return this
  }
  unref(): this {
    this.#ref = false
    return this
  }
  hasRef(): boolean {
    return this.#ref
  }
  [Symbol.dispose](): void {
    this.clear()
  }
}

export interface VirtualTimerFunctions {
  readonly setTimeout: (run: Callback, delay?: number, ...args: unknown[]) => VirtualTimeout
  readonly setInterval: (run: Callback, delay?: number, ...args: unknown[]) => VirtualTimeout
  readonly setImmediate: (run: Callback, ...args: unknown[]) => VirtualImmediate
  readonly clearTimeout: (timer: unknown) => void
  readonly clearInterval: (timer: unknown) => void
  readonly clearImmediate: (immediate: unknown) => void
}

export function virtualTimerFunctions(scheduler: VirtualScheduler): VirtualTimerFunctions {
  const byId = new Map<number, VirtualTimeout>()
  let lastId = 0

  const start = (run: Callback, delay: unknown, repeats: boolean, args: unknown[]) => {
    requireFunction(run)
    const delayMs = trueDelayMs(nodeDelayMs(delay))
    const bound = args.length === 0 ? (run as () => void) : () => run(...args)
    return new VirtualTimeout(scheduler, byId, ++lastId, delayMs, repeats, bound)
  }
  const clear = (timer: unknown): void => {
    const found = timer instanceof VirtualTimeout ? timer : byId.get(Number(timer))
    found?.clear()
  }
  const setTimeout = (run: Callback, delay?: number, ...args: unknown[]): VirtualTimeout =>
    start(run, delay, false, args)
  const setImmediate = (run: Callback, ...args: unknown[]): VirtualImmediate => {
    requireFunction(run)
    return new VirtualImmediate(scheduler.addImmediate(() => run(...args)))
  }
  // Node's own pair carries these, or `promisify(setTimeout)` would call the wrong argument.
  Object.defineProperty(setTimeout, promisify.custom, {
    value: (delay?: number, value?: unknown) =>
      new Promise((resolve) => setTimeout(resolve as Callback, delay, value)),
  })
  Object.defineProperty(setImmediate, promisify.custom, {
    value: (value?: unknown) => new Promise((resolve) => setImmediate(resolve as Callback, value)),
  })
  return {
    setTimeout,
    setInterval: (run, delay, ...args) => start(run, delay, true, args),
    setImmediate,
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: (immediate) => {
      if (immediate instanceof VirtualImmediate) immediate.clear()
    },
  }
}

function requireFunction(run: unknown): void {
  if (typeof run === 'function') return
  throw Object.assign(new TypeError('The "callback" argument must be of type function'), {
    code: 'ERR_INVALID_ARG_TYPE',
  })
}
