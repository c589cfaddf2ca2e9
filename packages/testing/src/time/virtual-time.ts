import { sleep } from '@millrace/core/internal'
import { captureFailures } from './failure-capture.ts'
import { swapGlobals } from './global-swap.ts'
import { SeededRandom } from './seeded-random.ts'
import { processContext } from './virtual-process.ts'
import { type FailureListener, VirtualScheduler } from './virtual-scheduler.ts'
import { VirtualTimeError } from './virtual-time-error.ts'

/** Where virtual wall clocks start: 2024-01-01T00:00:00Z. */
export const VIRTUAL_EPOCH_MS = 1_704_067_200_000
/** Dynamic imports and the like get this much real time before silence is called a deadlock. */
const IDLE_GRACE_REAL_MS = 250
const MAX_EVENTS_AT_ONE_INSTANT = 250_000
/** A turn of the real loop costs a system call, more than most events do. */
const EVENTS_PER_REAL_TURN = 64

// Captured before any swap: the run itself lives in real time.
const realSetImmediate = setImmediate
const realSetTimeout = setTimeout
const realMonotonicMs = performance.now.bind(performance)

let active: VirtualTime | undefined

/** @public */
export interface VirtualTimeOptions {
  /** Decides the order of equal instants, `Math.random` and `randomUUID`; default 0. */
  readonly seed?: number | undefined
  /** Wall clock at the start, epoch milliseconds; default 2024-01-01T00:00:00Z. */
  readonly epochMs?: number | undefined
}

/** @public */
export interface VirtualRunLimits {
  /** The run rejects once virtual time passes this many milliseconds; default 24 hours. */
  readonly maxVirtualMs?: number | undefined
  /**
   * Takes what nobody caught: a throwing timer callback, an unhandled rejection. Default: the run
   * rejects with it.
   */
  readonly onFailure?: FailureListener | undefined
}

/** @public */
export interface UntilOptions {
  /** Virtual milliseconds after which the wait rejects; default 60,000. */
  readonly timeoutMs?: number | undefined
  /** Virtual milliseconds between two looks; default 50. */
  readonly everyMs?: number | undefined
}

const UNTIL_TIMEOUT_MS = 60_000
const LOOK_EVERY_MS = 50

/**
 * A clock that moves only from one event to the next. Installed, it stands beneath `Date`,
 * `performance.now`, the timers, `Math.random` and `crypto.randomUUID`.
 *
 * @public
 */
export class VirtualTime {
  /** @internal */
  readonly scheduler: VirtualScheduler
  readonly #epochMs: number
  #restore: (() => void) | undefined

  constructor(options: VirtualTimeOptions = {}) {
    this.scheduler = new VirtualScheduler(options.seed ?? 0)
    this.#epochMs = options.epochMs ?? VIRTUAL_EPOCH_MS
  }

  /** Virtual wall clock, epoch milliseconds. */
  nowMs(): number {
    return Math.floor(this.#epochMs + this.scheduler.elapsedMs)
  }
  /** Virtual milliseconds since the start, fractions included. */
  elapsedMs(): number {
    return this.scheduler.elapsedMs
  }
  /** Timers (and replies) that are still waiting: zero after all is closed. */
  waitingEvents(): number {
    return this.scheduler.waiting()
  }
  /**
   * Waits, within a run, until the condition holds; looks at once, then again and again.
   *
   * @param what what is waited for, for the error
   * @returns virtual milliseconds that it took
   * @throws VirtualTimeError when the time is up; whatever the condition throws
   */
  async until(
    what: string,
    condition: () => boolean | Promise<boolean>,
    { timeoutMs = UNTIL_TIMEOUT_MS, everyMs = LOOK_EVERY_MS }: UntilOptions = {},
  ): Promise<number> {
    const startMs = this.elapsedMs()
    while (!(await condition())) {
      const leftMs = startMs + timeoutMs - this.elapsedMs()
      if (leftMs <= 0) {
        throw new VirtualTimeError('not-met', `Not within ${timeoutMs} virtual ms: ${what}`)
      }
      await sleep(Math.min(everyMs, leftMs))
    }
    return this.elapsedMs() - startMs
  }
  /** A stream of randomness of its own for each site. */
  random(site: string): SeededRandom {
    return new SeededRandom(this.scheduler.seed, site)
  }

  /** @throws VirtualTimeError when another virtual time is installed */
  install(): void {
    if (active !== undefined) {
      throw new VirtualTimeError('nested', 'Virtual time is installed already')
    }
    active = this
    this.#restore = swapGlobals(this.scheduler, this.#epochMs)
  }

  /** Gives the real globals back; does nothing when not installed. */
  uninstall(): void {
    if (active !== this) return
    this.#restore?.()
    this.#restore = undefined
    // Otherwise every promise made later in this process would pay for the bookkeeping.
    processContext.disable()
    active = undefined
  }

  /**
   * Runs `body` and moves time whenever nothing is left to do at the present instant. Installs
   * before, uninstalls after, whatever happens.
   *
   * @throws VirtualTimeError on a deadlock, past `maxVirtualMs`, or when time stands still
   */
  async run<T>(body: () => Promise<T>, limits: VirtualRunLimits = {}): Promise<T> {
    this.install()
    try {
      return await this.#drive(body, limits)
    } finally {
      this.uninstall()
    }
  }

  #drive<T>(body: () => Promise<T>, limits: VirtualRunLimits): Promise<T> {
    const scheduler = this.scheduler
    const maxVirtualMs = limits.maxVirtualMs ?? 24 * 3_600_000
    return new Promise<T>((resolve, reject) => {
      let finish: (() => void) | undefined
      let isOver = false
      const fail = (cause: unknown): void => {
        finish ??= () => reject(cause)
      }
      const onFailure = limits.onFailure ?? fail
      const release = captureFailures((cause) => onFailure(cause, scheduler.currentProcess))
      let atInstantMs = 0
      let eventsAtInstant = 0
      let idleSinceMs: number | undefined

      let waitingTurns = 0
      let isIdle = false

      // One event a real immediate: Node drains ticks, microtasks and rejections between them.
      const turn = (): void => {
        waitingTurns--
        if (isOver || isIdle) return
        if (finish !== undefined) {
          isOver = true
          release()
          finish()
          return
        }
        if (scheduler.elapsedMs > atInstantMs) eventsAtInstant = 0
        atInstantMs = scheduler.elapsedMs
        if (++eventsAtInstant > MAX_EVENTS_AT_ONE_INSTANT) {
          fail(new VirtualTimeError('standstill', standstillMessage(atInstantMs)))
        } else if (scheduler.step(onFailure)) {
          idleSinceMs = undefined
          if (scheduler.elapsedMs > maxVirtualMs) {
            fail(new VirtualTimeError('time-limit', `Not settled after ${maxVirtualMs} virtual ms`))
          }
        } else {
          idleSinceMs ??= realMonotonicMs()
          if (realMonotonicMs() - idleSinceMs < IDLE_GRACE_REAL_MS) {
            isIdle = true
            realSetTimeout(wake, 1)
            return
          }
          fail(new VirtualTimeError('deadlock', deadlockMessage(scheduler.elapsedMs)))
        }
        if (waitingTurns === 0) queueTurns()
      }
      const queueTurns = (): void => {
        for (; waitingTurns < EVENTS_PER_REAL_TURN; waitingTurns++) realSetImmediate(turn)
      }
      const wake = (): void => {
        isIdle = false
        queueTurns()
      }
      queueTurns()
      Promise.resolve()
        .then(body)
        .then((value) => {
          finish ??= () => resolve(value)
        }, fail)
    })
  }
}

function deadlockMessage(elapsedMs: number): string {
  return `Deadlock at ${elapsedMs} virtual ms: nothing is scheduled and the body has not settled`
}

function standstillMessage(elapsedMs: number): string {
  return `${MAX_EVENTS_AT_ONE_INSTANT} events at ${elapsedMs} virtual ms without progress of time`
}
