/** The user's metrics sink, which may throw: that must not come between a record and its outcome. */
import type { Logger, Metrics } from '@millrace/core'
import type { MetricKind } from './metric-names.ts'

export type Dimensions = Readonly<Record<string, string>>

export class MetricSink {
  readonly #metrics: Metrics
  readonly #logger: Logger
  #troubleTold = false

  constructor(metrics: Metrics, logger: Logger) {
    this.#metrics = metrics
    this.#logger = logger
  }

  put({ name, unit }: MetricKind, value: number, dimensions: Dimensions): void {
    try {
      this.#metrics.put(name, value, unit, dimensions)
    } catch (err) {
      if (this.#troubleTold) return
      this.#troubleTold = true
      this.#logger.warn({ err }, 'the metrics sink threw: its numbers are wrong from here on')
    }
  }
}
