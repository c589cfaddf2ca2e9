/**
 * The only place that takes time and timers from the platform (lint bans them elsewhere).
 * Globals are looked up at each call, so the simulator can put virtual time beneath.
 */
import { AbortedError } from './errors.ts'

export type Timer = ReturnType<typeof setTimeout>

/** Wall clock, epoch milliseconds. Never used to decide expiry. */
export function nowMs(): number {
  return Date.now()
}

/** Monotonic clock in milliseconds, fractions included; only differences mean anything. */
export function monotonicMs(): number {
  return performance.now()
}

/**
 * Monotonic clock in milliseconds since an origin that all processes of this machine share (its
 * start, on Linux), so that times taken in different processes can be compared.
 */
export function machineMonotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}

/** Longest delay that Node's timers hold; a longer one would fire at once instead. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** Calls `run` after `delayMs`, after 24.8 days at the latest. */
export function startTimer(delayMs: number, run: () => void): Timer {
  return setTimeout(run, Math.min(delayMs, MAX_DELAY_MS))
}

export function stopTimer(timer: Timer | undefined): void {
  if (timer !== undefined) clearTimeout(timer)
}

/** Resolves after `delayMs`; rejects with `ERR_KINESIS_ABORTED` as soon as the signal fires. */
export function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal === undefined) {
      startTimer(delayMs, resolve)
      return
    }
    if (signal.aborted) {
      reject(new AbortedError('A wait', signal.reason))
      return
    }
    const listener = {
      handleEvent(): void {
        stopTimer(timer)
        reject(new AbortedError('A wait', signal.reason))
      },
    }
    const timer = startTimer(delayMs, () => {
      signal.removeEventListener('abort', listener)
      resolve()
    })
    signal.addEventListener('abort', listener, { once: true })
  })
}

/** Calls `run` after this turn's microtasks and I/O callbacks, so that neither can starve. */
export function nextTurn(run: () => void): void {
  setImmediate(run)
}
