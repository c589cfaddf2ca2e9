/** Pure: what was measured -> a list of metrics, each prefix of the dimensions one of its own, as in KPL. */
import { InvalidOptionError, type MetricUnit } from '@millrace/core'
import { nearestName, type OptionRule, resolveOptions, showValue } from '@millrace/core/internal'
import {
  addCells,
  BUCKET_MS,
  CELLS,
  clearCells,
  emptyCells,
  MAX_WINDOW_MS,
  slotOf,
} from './metric-cells.ts'
import {
  ERRORS_BY_CODE,
  METRICS,
  type MetricKind,
  type ProducerMetricName,
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

/** About 10 us a shard. */
export function metricsSnapshot(
  all: readonly MetricSeries[],
  { name, windowMs: window }: ResolvedQuery,
  nowMs: number,
): readonly ProducerMetric[] {
  const fromSlot = window === undefined ? undefined : slotOf(Math.max(0, nowMs - window))
  const groups = new Groups()
  for (const series of all) {
    groups.add(series, 0, fromSlot)
    for (const ofCode of series.codes) groups.add(ofCode, ERRORS_BY_CODE, fromSlot)
  }
  const fromMs = fromSlot === undefined ? 0 : fromSlot * BUCKET_MS
  const coarseFirst = groups.coarseFirst
  const list: ProducerMetric[] = []
  for (const [metric, kind] of METRICS.entries()) {
    if (name !== undefined && name !== kind.name) continue
    for (const group of coarseFirst) {
      if (group.cells[metric * CELLS] !== 0) list.push(metricOf(kind, metric, group, fromMs, nowMs))
    }
  }
  return list
}

/** What is kept under one set of dimensions, by the place of a metric in `METRICS`. */
interface Group {
  readonly depth: number
  readonly dimensions: Dimensions
  readonly cells: Float64Array
  /** When the first value came. */
  readonly sinceMs: Float64Array
}

class Groups {
  readonly #byKey = new Map<string, Group>()
  readonly #own = emptyCells(METRICS.length)

  /** All, by how many dimensions they have. */
  get coarseFirst(): readonly Group[] {
    return [...this.#byKey.values()].sort((a, b) => a.depth - b.depth)
  }

  /** A value counts under each prefix of its dimensions. */
  add(series: MetricSeries | CodeSeries, firstMetric: number, fromSlot: number | undefined): void {
    const own = this.#own
    clearCells(own, 0, own.length)
    series.cells.addTo(own, firstMetric * CELLS, fromSlot)
    for (const { cells, sinceMs } of this.#prefixes(series.dimensions)) {
      addCells(cells, 0, own, 0, own.length)
      for (let metric = firstMetric; metric < METRICS.length; metric++) {
        if (own[metric * CELLS] === 0) continue
        sinceMs[metric] = Math.min(sinceMs[metric] as number, series.sinceMs)
      }
    }
  }

  #prefixes(dimensions: Dimensions): readonly Group[] {
    const parts = Object.entries(dimensions)
    const groups = [this.#group('', parts, 0)]
    let key = ''
    for (const [i, [name, value]] of parts.entries()) {
      key += `\n${name}=${value}`
      groups.push(this.#group(key, parts, i + 1))
    }
    return groups
  }

  #group(key: string, parts: readonly (readonly [string, string])[], depth: number): Group {
    let group = this.#byKey.get(key)
    if (group === undefined) {
      group = {
        depth,
        dimensions: Object.fromEntries(parts.slice(0, depth)),
        cells: emptyCells(METRICS.length),
        sinceMs: new Float64Array(METRICS.length).fill(Number.POSITIVE_INFINITY),
      }
      this.#byKey.set(key, group)
    }
    return group
  }
}

function metricOf(
  { name, unit }: MetricKind,
  metric: number,
  { dimensions, cells, sinceMs }: Group,
  fromMs: number,
  nowMs: number,
): ProducerMetric {
  const at = metric * CELLS
  const count = cells[at] as number
  const sum = cells[at + 1] as number
  const min = cells[at + 2] as number
  const max = cells[at + 3] as number
  const durationMs = nowMs - Math.max(fromMs, sinceMs[metric] as number)
  return { name, unit, dimensions, durationMs, count, sum, mean: sum / count, min, max }
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
