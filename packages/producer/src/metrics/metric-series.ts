/** What is measured of one shard, or of a stream where no shard is known. */
import { type MeasuredSeries, MetricCells, type MetricDimensions } from '@millrace/core/internal'
import { ERRORS_BY_CODE } from './metric-names.ts'

/** Codes come from the service; what stands in for it may make up any number. */
const MAX_CODES = 50
const OTHER_CODES = 'Other'

/** Counts of one error code, of which the only cell is that of `ERRORS_BY_CODE`. */
export interface CodeSeries extends MeasuredSeries {
  readonly firstMetric: typeof ERRORS_BY_CODE
}

export class MetricSeries implements MeasuredSeries {
  readonly shardId: string | undefined
  readonly dimensions: MetricDimensions
  /** When its first value came, by the pipeline's clock. */
  readonly sinceMs: number
  readonly cells: MetricCells
  readonly #codes = new Map<string, CodeSeries>()

  constructor(
    shardId: string | undefined,
    dimensions: MetricDimensions,
    metrics: number,
    sinceMs: number,
  ) {
    this.shardId = shardId
    this.dimensions = dimensions
    this.cells = new MetricCells(metrics)
    this.sinceMs = sinceMs
  }

  get codes(): Iterable<CodeSeries> {
    return this.#codes.values()
  }

  /** Counts of one error code. */
  ofCode(code: string, nowMs: number): CodeSeries {
    const key = this.#codes.size < MAX_CODES || this.#codes.has(code) ? code : OTHER_CODES
    let series = this.#codes.get(key)
    if (series === undefined) {
      const dimensions = { ErrorCode: key, ...this.dimensions }
      series = {
        ...{ sinceMs: nowMs, dimensions, cells: new MetricCells(1) },
        firstMetric: ERRORS_BY_CODE,
      }
      this.#codes.set(key, series)
    }
    return series
  }

  /** Takes over the sums of one that is let go. */
  absorb(other: MetricSeries): void {
    this.cells.absorb(other.cells)
    for (const [code, { sinceMs, cells }] of other.#codes) {
      this.ofCode(code, sinceMs).cells.absorb(cells)
    }
  }

  /** See `MetricCells.rest`. */
  rest(slot: number): void {
    this.cells.rest(slot)
    for (const { cells } of this.#codes.values()) cells.rest(slot)
  }
}
