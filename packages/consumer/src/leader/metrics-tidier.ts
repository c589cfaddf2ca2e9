/** The leader deletes metrics rows of workers that are gone: ids are new at each start. */
import { type DynamoPort, isServiceError, type Logger } from '@millrace/core'
import { monotonicMs, nowMs } from '@millrace/core/internal'
import { type WorkerMetricsRow, workerMetricsDelete } from '../lease/worker-metrics-row.ts'

/** As in KCL: `staleWorkerMetricsEntryCleanupDuration`. */
const STALE_AFTER_MS = 86_400_000
const INTERVAL_MS = 600_000
/** A crash loop may have left thousands; they need not all go at once. */
const MOST_AT_ONCE = 50

export interface MetricsTidierOptions {
  readonly dynamo: DynamoPort
  readonly tableName: string
  readonly requestTimeoutMs: number
  readonly logger: Logger
}

/** By wall clocks, as KCL. Pure. */
export function staleRows(
  rows: readonly WorkerMetricsRow[],
  wallMs: number,
): readonly WorkerMetricsRow[] {
  return rows.filter(({ lastUpdateSeconds }) => wallMs - lastUpdateSeconds * 1000 > STALE_AFTER_MS)
}

export class MetricsTidier {
  readonly #options: MetricsTidierOptions
  #nextMs = Number.NEGATIVE_INFINITY

  constructor(options: MetricsTidierOptions) {
    this.#options = options
  }

  /**
   * Each delete stands on the row as it was seen: a worker that is back keeps its row.
   *
   * @param silent rows that stand still by the monotonic clock: the wall clock here may be days ahead
   */
  async step(silent: readonly WorkerMetricsRow[]): Promise<void> {
    if (monotonicMs() < this.#nextMs) return
    this.#nextMs = monotonicMs() + INTERVAL_MS
    const { dynamo, tableName, requestTimeoutMs, logger } = this.#options
    for (const row of staleRows(silent, nowMs()).slice(0, MOST_AT_ONCE)) {
      try {
        await dynamo.deleteItem(workerMetricsDelete(tableName, row), {
          timeoutMs: requestTimeoutMs,
        })
      } catch (cause) {
        if (!isServiceError(cause)) throw cause
        if (cause.kind === 'condition-failed') continue
        logger.debug({ err: cause }, 'a stale worker metrics row was not deleted')
        return
      }
    }
  }
}
