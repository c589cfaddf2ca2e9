/** CPU time as the kernel counts it, and what two counts say about the time between them. Pure. */

export interface CpuCounter {
  /** CPU time used, in any unit. */
  readonly used: number
  /** The clock beside it, in the same unit. */
  readonly at: number
  /** CPU time that could be used per unit of the clock. */
  readonly cores: number
}

/**
 * Percent of what could be used, 0 to 100. A quota may be overdrawn for a moment, hence the cap,
 * which KCL has as well. Undefined when the clock stood still or a counter began anew.
 */
export function busyPercent(before: CpuCounter, after: CpuCounter): number | undefined {
  const used = after.used - before.used
  const usable = (after.at - before.at) * after.cores
  if (!(used >= 0) || !(usable > 0)) return undefined
  const percent = (100 * used) / usable
  return Number.isFinite(percent) ? Math.min(100, percent) : undefined
}

/** A count as kernel files have it: decimal digits only. */
export function parseCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,20}$/.test(text) ? Number(text) : undefined
}
