/**
 * KCL's metrics of one worker: kept for `Consumer.metrics()`, and handed to the user's sink if there
 * is one. About 0.1 us a value, and a handful of values a batch; nothing when the level is `none`.
 */
import type { Logger, Metrics, MetricsLevel, MetricUnit } from '@millrace/core'
import {
  type MeasuredFamily,
  type MeasuredSeries,
  MetricCells,
  type MetricKind,
  MetricSink,
  metricsSnapshot,
  monotonicMs,
  noMetrics,
  resolveMetricsQuery,
  slotOf,
} from '@millrace/core/internal'
import {
  type ConsumerDimensions,
  type ConsumerMeter,
  type ConsumerMetric,
  type ConsumerMetricName,
  type ConsumerMetricsQuery,
  type ConsumerOperation,
  METRIC_NAMES,
  OPERATIONS,
} from './metric-names.ts'

/** Beyond it the shard that came first is counted with its operation only. */
const MAX_SERIES = 10_000

export interface ConsumerMetricsOptions {
  readonly metrics: Metrics
  readonly metricsLevel: MetricsLevel
  readonly logger: Logger
}

type Dimensions = ConsumerDimensions & Readonly<Record<string, string>>

/** What is measured of one operation. */
interface Family extends Omit<MeasuredFamily<ConsumerMetricName>, 'series'> {
  /** By the name of the metric; those that this level leaves out are missing. */
  readonly places: ReadonlyMap<string, number>
  /** By shard or worker. */
  readonly series: Map<string, MeasuredSeries>
}

/** The rest of those that were let go. */
const OTHERS = ''

export class ConsumerMetrics implements ConsumerMeter {
  readonly #sink: MetricSink | undefined
  readonly #families = new Map<ConsumerOperation, Family>()
  readonly #isEnabled: boolean
  #slot = 0

  constructor({ metrics, metricsLevel, logger }: ConsumerMetricsOptions) {
    this.#isEnabled = metricsLevel !== 'none'
    this.#sink = metrics === noMetrics ? undefined : new MetricSink(metrics, logger)
    for (const [operation, kinds] of Object.entries(OPERATIONS)) {
      const places = new Map(
        kinds.flatMap(({ name, level }, place): (readonly [string, number])[] =>
          metricsLevel === 'detailed' || level === metricsLevel ? [[name, place]] : [],
        ),
      )
      const family = { kinds, places, leastDimensions: 1 }
      this.#families.set(operation as ConsumerOperation, { ...family, series: new Map() })
    }
  }

  put(name: ConsumerMetricName, value: number, _unit: MetricUnit, dimensions: Dimensions): void {
    if (!this.#isEnabled) return
    const family = this.#families.get(dimensions.Operation)
    const place = family?.places.get(name)
    if (family === undefined || place === undefined) return
    const nowMs = monotonicMs()
    this.#seriesOf(family, dimensions, nowMs).cells.add(this.#tick(nowMs), place, value)
    this.#sink?.put(family.kinds[place] as MetricKind, value, dimensions)
  }

  /** @throws InvalidOptionError */
  snapshot(query: ConsumerMetricsQuery | undefined): readonly ConsumerMetric[] {
    const resolved = resolveMetricsQuery(query, METRIC_NAMES)
    const families = [...this.#families.values()].map(({ kinds, leastDimensions, series }) => ({
      ...{ kinds, leastDimensions },
      series: series.values(),
    }))
    return metricsSnapshot(families, resolved, monotonicMs())
  }

  #seriesOf({ kinds, series }: Family, dimensions: Dimensions, nowMs: number): MeasuredSeries {
    const key = dimensions.ShardId ?? dimensions.WorkerIdentifier ?? OTHERS
    const known = series.get(key)
    if (known !== undefined) return known
    if (series.size >= MAX_SERIES) letOldestGo(series, kinds.length, dimensions, nowMs)
    const made = { sinceMs: nowMs, dimensions, cells: new MetricCells(kinds.length) }
    series.set(key, made)
    return made
  }

  /** The bucket of now; with each new one those that are at rest let theirs go. */
  #tick(nowMs: number): number {
    const slot = slotOf(nowMs)
    if (slot === this.#slot) return slot
    this.#slot = slot
    for (const { series } of this.#families.values()) {
      for (const { cells } of series.values()) cells.rest(slot)
    }
    return slot
  }
}

function letOldestGo(
  series: Map<string, MeasuredSeries>,
  metrics: number,
  { Operation }: Dimensions,
  nowMs: number,
): void {
  let others = series.get(OTHERS)
  if (others === undefined) {
    others = { sinceMs: nowMs, dimensions: { Operation }, cells: new MetricCells(metrics) }
    series.set(OTHERS, others)
  }
  for (const [key, { cells }] of series) {
    if (key === OTHERS) continue
    others.cells.absorb(cells)
    series.delete(key)
    return
  }
}
