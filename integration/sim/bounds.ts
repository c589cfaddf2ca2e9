/** How long recovery took, against the bounds of reliability.md 2.3, and S8. Pure. */

/** Virtual milliseconds. L3 counts from when the last call that was running has settled. */
export const BOUND_LIMITS_MS = {
  L1: 21_000,
  L2: 19_000,
  L3: 3000,
  L4: 30_000,
  L6: 5000,
  L7: 60_000,
  L8: 6000,
  /** From DynamoDB alone: as L1. */
  L9: 21_000,
  /** From Kinesis alone, counted from when it is back. */
  'L9-kinesis': 10_000,
  /** Belief lasts F - m, by a clock that may be 1 % slow. */
  S8: 9600,
} as const

export type BoundId = keyof typeof BOUND_LIMITS_MS

export interface BoundSummary {
  readonly limitMs: number
  readonly measured: number
  readonly maxMs: number
}

/** What was measured in one history. */
export class Bounds {
  readonly measured: [id: BoundId, tookMs: number][] = []
  #report: (id: BoundId, message: string) => void = () => {}

  /** Whom to tell of what took too long. */
  reportTo(report: (id: BoundId, message: string) => void): void {
    this.#report = report
  }

  record(id: BoundId, tookMs: number, what = 'it'): void {
    const ms = Math.round(tookMs)
    this.measured.push([id, ms])
    if (ms > BOUND_LIMITS_MS[id]) {
      this.#report(id, `${what} took ${ms} ms, the limit is ${BOUND_LIMITS_MS[id]} ms`)
    }
  }
}

export function summaryOfBounds(
  measured: Iterable<readonly [BoundId, number]>,
): Readonly<Record<string, BoundSummary>> {
  const found = new Map<BoundId, { measured: number; maxMs: number }>()
  for (const [id, tookMs] of measured) {
    const before = found.get(id) ?? { measured: 0, maxMs: 0 }
    found.set(id, {
      measured: before.measured + 1,
      maxMs: Math.max(before.maxMs, tookMs),
    })
  }
  return Object.fromEntries(
    [...found]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, one]) => [id, { limitMs: BOUND_LIMITS_MS[id], ...one }]),
  )
}
