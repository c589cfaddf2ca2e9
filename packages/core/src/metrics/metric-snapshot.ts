/** Pure: what was measured -> a list of metrics, each prefix of the dimensions one of its own, as in KPL. */
import type { MetricUnit } from '../ports/metrics.ts'
import { addCells, BUCKET_MS, CELLS, clearCells, emptyCells, slotOf } from './metric-cells.ts'
import type { MeasuredSeries, MetricDimensions, MetricKind } from './metric-kind.ts'
import type { ResolvedMetricsQuery } from './metrics-query.ts'

/** One metric of a snapshot. @public */
export interface MeasuredMetric<N extends string = string> {
  readonly name: N
  readonly unit: MetricUnit
  /** Without the last ones: all together that differ in those. */
  readonly dimensions: Readonly<Record<string, string>>
  /** Milliseconds that it covers: the window, or since its first value. */
  readonly durationMs: number
  readonly count: number
  readonly sum: number
  readonly mean: number
  readonly min: number
  readonly max: number
}

/** Series of the same metrics. */
export interface MeasuredFamily<N extends string> {
  readonly kinds: readonly MetricKind<N>[]
  readonly series: Iterable<MeasuredSeries & { readonly firstMetric?: number }>
  /** Prefixes that are shorter are left out, default 0: with none at all, all is summed up. */
  readonly leastDimensions?: number | undefined
}

/** About 10 us a series. */
export function metricsSnapshot<N extends string>(
  families: Iterable<MeasuredFamily<N>>,
  query: ResolvedMetricsQuery<N>,
  nowMs: number,
): readonly MeasuredMetric<N>[] {
  const list: MeasuredMetric<N>[] = []
  for (const family of families) list.push(...familySnapshot(family, query, nowMs))
  return list
}

function familySnapshot<N extends string>(
  { kinds, series: all, leastDimensions = 0 }: MeasuredFamily<N>,
  { name, windowMs: window }: ResolvedMetricsQuery<N>,
  nowMs: number,
): readonly MeasuredMetric<N>[] {
  const fromSlot = window === undefined ? undefined : slotOf(Math.max(0, nowMs - window))
  const groups = new Groups(kinds.length, leastDimensions)
  for (const series of all) groups.add(series, series.firstMetric ?? 0, fromSlot)
  const fromMs = fromSlot === undefined ? 0 : fromSlot * BUCKET_MS
  const coarseFirst = groups.coarseFirst
  const list: MeasuredMetric<N>[] = []
  for (const [metric, kind] of kinds.entries()) {
    if (name !== undefined && name !== kind.name) continue
    for (const group of coarseFirst) {
      if (group.cells[metric * CELLS] !== 0) list.push(metricOf(kind, metric, group, fromMs, nowMs))
    }
  }
  return list
}

/** What is kept under one set of dimensions, by the place of a metric among its kinds. */
interface Group {
  readonly depth: number
  readonly dimensions: MetricDimensions
  readonly cells: Float64Array
  /** When the first value came. */
  readonly sinceMs: Float64Array
}

class Groups {
  readonly #byKey = new Map<string, Group>()
  readonly #metrics: number
  readonly #leastDimensions: number
  readonly #own: Float64Array

  constructor(metrics: number, leastDimensions: number) {
    this.#metrics = metrics
    this.#leastDimensions = leastDimensions
    this.#own = emptyCells(metrics)
  }

  /** All, by how many dimensions they have. */
  get coarseFirst(): readonly Group[] {
    return [...this.#byKey.values()].sort((a, b) => a.depth - b.depth)
  }

  /** A value counts under each prefix of its dimensions. */
  add(series: MeasuredSeries, firstMetric: number, fromSlot: number | undefined): void {
    const own = this.#own
    clearCells(own, 0, own.length)
    series.cells.addTo(own, firstMetric * CELLS, fromSlot)
    for (const { cells, sinceMs } of this.#prefixes(series.dimensions)) {
      addCells(cells, 0, own, 0, own.length)
      for (let metric = firstMetric; metric < this.#metrics; metric++) {
        if (own[metric * CELLS] === 0) continue
        sinceMs[metric] = Math.min(sinceMs[metric] as number, series.sinceMs)
      }
    }
  }

  #prefixes(dimensions: MetricDimensions): readonly Group[] {
    const parts = Object.entries(dimensions)
    const groups: Group[] = []
    let key = ''
    for (let depth = 0; depth <= parts.length; depth++) {
      if (depth > 0) {
        const [name, value] = parts[depth - 1] as [string, string]
        key += `\n${name}=${value}`
      }
      if (depth >= this.#leastDimensions) groups.push(this.#group(key, parts, depth))
    }
    return groups
  }

  #group(key: string, parts: readonly (readonly [string, string])[], depth: number): Group {
    let group = this.#byKey.get(key)
    if (group === undefined) {
      group = {
        depth,
        dimensions: Object.fromEntries(parts.slice(0, depth)),
        cells: emptyCells(this.#metrics),
        sinceMs: new Float64Array(this.#metrics).fill(Number.POSITIVE_INFINITY),
      }
      this.#byKey.set(key, group)
    }
    return group
  }
}

function metricOf<N extends string>(
  { name, unit }: MetricKind<N>,
  metric: number,
  { dimensions, cells, sinceMs }: Group,
  fromMs: number,
  nowMs: number,
): MeasuredMetric<N> {
  const at = metric * CELLS
  const count = cells[at] as number
  const sum = cells[at + 1] as number
  const min = cells[at + 2] as number
  const max = cells[at + 3] as number
  const durationMs = nowMs - Math.max(fromMs, sinceMs[metric] as number)
  return { name, unit, dimensions, durationMs, count, sum, mean: sum / count, min, max }
}
