/** Samples in, one average a period out: what the metrics row keeps of one metric. Pure but for its memory. */

/** As KCL keeps and reports. */
const MAX_AVERAGES = 10
/**
 * KCL's report period of 30 s, less a second of tolerance. Rows are written more often, but values
 * over a shorter time would make a leader move leases for a load that is gone.
 */
const PERIOD_MS = 29_000
/** A period in which every reading failed, in KCL's rows. No leader gives leases to such a worker. */
const FAILED = -1
/** After these, nothing is reported: a worker that cannot measure itself can still work. */
const MAX_FAILED_PERIODS = 3

export class PeriodAverages {
  #closed: readonly number[] = []
  #closedAtMs = Number.NEGATIVE_INFINITY
  #sum = 0
  #samples = 0
  #failures = 0

  sample(percent: number): void {
    this.#sum += percent
    this.#samples++
  }

  fail(): void {
    this.#failures++
  }

  /** True when readings fail for so long that nothing is reported. */
  get isGivenUp(): boolean {
    const last = this.#closed.slice(-MAX_FAILED_PERIODS)
    return last.length === MAX_FAILED_PERIODS && last.every((average) => average === FAILED)
  }

  /** Oldest first; empty when there is nothing to report. Ends the period if that is due. */
  report(nowMs: number): readonly number[] {
    const due = nowMs - this.#closedAtMs >= PERIOD_MS
    if (due && this.#samples + this.#failures > 0) this.#close(nowMs)
    return this.isGivenUp ? [] : this.#closed
  }

  #close(nowMs: number): void {
    const average = this.#samples > 0 ? sixDecimals(this.#sum / this.#samples) : FAILED
    this.#closed = [...this.#closed, average].slice(-MAX_AVERAGES)
    this.#closedAtMs = nowMs
    this.#sum = 0
    this.#samples = 0
    this.#failures = 0
  }
}

function sixDecimals(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
