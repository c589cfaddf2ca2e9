/** Pure: what was measured -> a list of metrics, each prefix of the dimensions one of its own, as in KPL. */
import { InvalidOptionError, type MetricUnit } from '@millrace/core'
import { nearestName, type OptionRule, resolveOptions, showValue } from '@millrace/core/internal'
import {
  addTotals,
  BUCKET_MS,
  MAX_WINDOW_MS,
  noTotals,
  slotOf,
  type Totals,
} from './metric-cells.ts'
import {
  ERRORS_BY_CODE,
  METRICS,
  type MetricKind,
  type ProducerMetricName,
  SHARD_METRICS,
  STREAM_METRICS,
} from './metric-names.ts'
import type { CodeSeries, MetricSeries } from './metric-series.ts'
import type { Dimensions } from './metric-sink.ts'

/** One metric of `Producer.metrics()`. KPL: `Metric`. @public */
export interface ProducerMetric {
  readonly name: ProducerMetricName
  readonly unit: MetricUnit
  /**
   * `StreamName` and `ShardId`, and `ErrorCode` for `ErrorsByCode`. Without a shard: all of the stream;
   * with none: all streams.
   */
  readonly dimensions: Readonly<Record<string, string>>
  /** Milliseconds that it covers: the window, or since its first value. */
  readonly durationMs: number
  readonly count: number
  readonly sum: number
  readonly mean: number
  readonly min: number
  readonly max: number
}

/** What `Producer.metrics()` is asked for. @public */
export interface ProducerMetricsQuery {
  /** One metric only. @default all */
  readonly name?: ProducerMetricName | undefined
  /**
   * The last so many milliseconds only, 1,000 to 60,000, rounded up to whole buckets of 5 s.
   * KPL: `windowSeconds`. @default since the beginning
   */
  readonly windowMs?: number | undefined
}

interface ResolvedQuery {
  readonly name: ProducerMetricName | undefined
  readonly windowMs: number | undefined
}

const LEAST_WINDOW_MS = 1000

/** @throws InvalidOptionError */
export function resolveMetricsQuery(given: unknown): ResolvedQuery {
  return resolveOptions<ResolvedQuery>('', given, { name: metricName, windowMs })
}

export function metricsSnapshot(
  all: readonly MetricSeries[],
  { name, windowMs: window }: ResolvedQuery,
  nowMs: number,
): readonly ProducerMetric[] {
  const fromSlot = window === undefined ? undefined : slotOf(Math.max(0, nowMs - window))
  const sums = new RollUp()
  const add = (place: number, series: MetricSeries | CodeSeries, metric: number): void => {
    const kind = METRICS[place] as MetricKind
    if (name !== undefined && name !== kind.name) return
    const totals = noTotals()
    series.cells.addTo(totals, metric, fromSlot)
    if (totals.count > 0) sums.add(kind, totals, series)
  }
  for (const series of all) {
    const measured = series.shardId === undefined ? STREAM_METRICS : SHARD_METRICS
    for (let metric = 0; metric < measured; metric++) add(metric, series, metric)
    for (const ofCode of series.codes) add(ERRORS_BY_CODE, ofCode, 0)
  }
  return sums.list(fromSlot === undefined ? 0 : fromSlot * BUCKET_MS, nowMs)
}

interface Sum {
  readonly kind: MetricKind
  readonly dimensions: Dimensions
  readonly totals: Totals
  sinceMs: number
}

/** Adds each value to every prefix of its dimensions. */
class RollUp {
  readonly #sums = new Map<string, Sum>()

  add(
    kind: MetricKind,
    totals: Totals,
    { sinceMs, dimensions }: { readonly sinceMs: number; readonly dimensions: Dimensions },
  ): void {
    const parts = Object.entries(dimensions)
    for (let depth = 0; depth <= parts.length; depth++) {
      const prefix = parts.slice(0, depth)
      const key = JSON.stringify([kind.name, ...prefix.flat()])
      let sum = this.#sums.get(key)
      if (sum === undefined) {
        sum = { kind, dimensions: Object.fromEntries(prefix), totals: noTotals(), sinceMs }
        this.#sums.set(key, sum)
      }
      addTotals(sum.totals, totals)
      sum.sinceMs = Math.min(sum.sinceMs, sinceMs)
    }
  }

  /** In the order of `METRICS`, the coarse ones first. */
  list(fromMs: number, nowMs: number): readonly ProducerMetric[] {
    const order = new Map<string, number>(METRICS.map(({ name }, i) => [name, i]))
    return [...this.#sums.values()]
      .map(({ kind, dimensions, totals, sinceMs }) => ({
        name: kind.name,
        unit: kind.unit,
        dimensions,
        durationMs: nowMs - Math.max(fromMs, sinceMs),
        count: totals.count,
        sum: totals.sum,
        mean: totals.sum / totals.count,
        min: totals.min,
        max: totals.max,
      }))
      .sort((a, b) => {
        const byName = (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0)
        return byName || Object.keys(a.dimensions).length - Object.keys(b.dimensions).length
      })
  }
}

const metricName: OptionRule<ProducerMetricName | undefined> = (path, value) => {
  const names: readonly string[] = METRICS.map(({ name }) => name)
  if (value === undefined || names.includes(value as string)) {
    return value as ProducerMetricName | undefined
  }
  const near = typeof value === 'string' ? nearestName(value, names) : undefined
  throw new InvalidOptionError(
    path,
    `${path} is ${showValue(value)}`,
    near === undefined ? `Use one of: ${names.join(', ')}.` : `Did you mean "${near}"?`,
  )
}

const windowMs: OptionRule<number | undefined> = (path, value) => {
  const isWhole = Number.isSafeInteger(value)
  if (
    value === undefined ||
    (isWhole && Number(value) >= LEAST_WINDOW_MS && Number(value) <= MAX_WINDOW_MS)
  ) {
    return value as number | undefined
  }
  throw new InvalidOptionError(
    path,
    `${path} is ${showValue(value)}`,
    `Use a whole number from ${LEAST_WINDOW_MS} to ${MAX_WINDOW_MS}, or none for all since the beginning.`,
  )
}
