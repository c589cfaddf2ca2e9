/** A metric that is measured: its unit, and from which level on. */
import type { MetricsLevel, MetricUnit } from '../ports/metrics.ts'
import type { MetricCells } from './metric-cells.ts'

export type MetricDimensions = Readonly<Record<string, string>>

export interface MetricKind<N extends string = string> {
  readonly name: N
  readonly unit: MetricUnit
  /** Measured from this level on. */
  readonly level: Exclude<MetricsLevel, 'none'>
}

/** Values under the same dimensions. */
export interface MeasuredSeries {
  /** When its first value came, by the clock that the snapshot is taken with. */
  readonly sinceMs: number
  readonly dimensions: MetricDimensions
  readonly cells: MetricCells
}
