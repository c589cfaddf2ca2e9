/** How long to wait before trying again, and which attempts deserve a line in the log. Pure. */
import type { Random } from '@millrace/core'

export interface Backoff {
  /** Bound of the first wait, milliseconds; it doubles with each failure. */
  readonly firstMs: number
  readonly capMs: number
}

/** Full jitter: anywhere from 0 to the bound, so that workers which fail together spread. */
export function fullJitterMs(backoff: Backoff, failures: number, random: Random): number {
  const bound = Math.min(backoff.capMs, backoff.firstMs * 2 ** (failures - 1))
  return Math.ceil(bound * random.next())
}

/** True for 1, 2, 4, 8...: a trouble that lasts stays visible without flooding the log. */
export function isLoudFailure(failures: number): boolean {
  return Number.isInteger(Math.log2(failures))
}
