/** The user's metrics sink, which may throw: that must not come between a record and its outcome. */
import type { Logger } from '../ports/logger.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { MetricDimensions, MetricKind } from './metric-kind.ts'

export class MetricSink {
  readonly #metrics: Metrics
  readonly #logger: Logger
  #troubleTold = false

  constructor(metrics: Metrics, logger: Logger) {
    this.#metrics = metrics
    this.#logger = logger
  }

  put({ name, unit }: MetricKind, value: number, dimensions: MetricDimensions): void {
    try {
      this.#metrics.put(name, value, unit, dimensions)
    } catch (err) {
      if (this.#troubleTold) return
      this.#troubleTold = true
      this.#logger.warn({ err }, 'the metrics sink threw: its numbers are wrong from here on')
    }
  }
}
