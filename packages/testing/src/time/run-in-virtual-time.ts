import { VirtualTime } from './virtual-time.ts'

/** @public */
export interface VirtualRunOptions {
  /** Decides the order of equal instants, `Math.random` and `randomUUID`; default 0. */
  readonly seed?: number | undefined
  /** The run rejects once virtual time passes this many milliseconds; default 24 hours. */
  readonly maxVirtualMs?: number | undefined
}

/**
 * Runs a test in virtual time: waits of minutes take microseconds, and the same seed gives the
 * same run. Real I/O (sockets, files) must not be awaited inside.
 *
 * @throws VirtualTimeError on a deadlock, past `maxVirtualMs`, or inside another virtual time;
 * whatever a timer callback threw or a promise rejected with while nobody listened
 *
 * @example
 * await runInVirtualTime(async (time) => {
 *   await sleep(3_600_000)
 *   assert.equal(time.elapsedMs(), 3_600_000)
 * })
 *
 * @public
 */
export function runInVirtualTime<T>(
  body: (time: VirtualTime) => Promise<T>,
  options: VirtualRunOptions = {},
): Promise<T> {
  const time = new VirtualTime({ seed: options.seed })
  return time.run(() => body(time), { maxVirtualMs: options.maxVirtualMs })
}
