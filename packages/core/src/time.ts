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

export function startTimer(delayMs: number, run: () => void): Timer {
  return setTimeout(run, delayMs)
}

export function stopTimer(timer: Timer | undefined): void {
  if (timer !== undefined) clearTimeout(timer)
}

/** Resolves after `delayMs`; rejects with `ERR_KINESIS_ABORTED` as soon as the signal fires. */
export function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new AbortedError('A wait', signal.reason))
      return
    }
    const onAbort = (): void => {
      stopTimer(timer)
      reject(new AbortedError('A wait', signal?.reason))
    }
    const timer = startTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Runs `run` once the current turn's microtasks are done, before any timer. */
export function nextTurn(run: () => void): void {
  setImmediate(run)
}
