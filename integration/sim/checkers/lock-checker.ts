/** Watches the leader lock: nobody takes it from a leader that is alive (S15). */
import type { AppliedWrite } from '@millrace/testing'
import type { Report } from './report.ts'

export interface LockCheckerOptions {
  /** True milliseconds that the lock stands still at least before it may be taken. */
  readonly standsMs: number
  readonly nowMs: () => number
  readonly report: Report
}

interface LockVersion {
  readonly sinceMs: number
  readonly owner: string | undefined
}

export class LockChecker {
  readonly #versions: LockVersion[] = []
  readonly #options: LockCheckerOptions

  constructor(options: LockCheckerOptions) {
    this.#options = options
  }

  get owner(): string | undefined {
    return this.#versions.at(-1)?.owner
  }

  /** Who was named by the lock at a moment. */
  ownerAt(atMs: number): string | undefined {
    return this.#versions.findLast(({ sinceMs }) => sinceMs <= atMs)?.owner
  }

  /** For how long the lock had stood still at a moment. */
  stoodMs(atMs: number): number {
    return atMs - (this.#versions.findLast(({ sinceMs }) => sinceMs <= atMs)?.sinceMs ?? 0)
  }

  /** The longest that it had stood still at any moment of a window that ends at `atMs`. */
  longestStoodMs(atMs: number, windowMs: number): number {
    let longestMs = this.stoodMs(atMs)
    for (const { sinceMs } of this.#versions) {
      if (sinceMs < atMs - windowMs || sinceMs > atMs) continue
      longestMs = Math.max(longestMs, this.stoodMs(sinceMs - 0.001))
    }
    return longestMs
  }

  applied({ before, after, origin }: AppliedWrite): void {
    const was = before?.['ownerName']?.S
    const is = after?.['ownerName']?.S
    const { standsMs, nowMs, report } = this.#options
    const stoodMs = this.stoodMs(nowMs())
    const taken = was !== undefined && is !== undefined && is !== was
    if (taken && stoodMs < standsMs && origin !== undefined) {
      report('S15', `${is} took the lock of ${was}, which had written ${stoodMs.toFixed(0)} ms ago`)
    }
    if (taken && origin !== undefined && origin.process !== is) {
      report('S15', `${origin.process} made ${is} the leader`)
    }
    this.#versions.push({ sinceMs: nowMs(), owner: is })
  }
}
