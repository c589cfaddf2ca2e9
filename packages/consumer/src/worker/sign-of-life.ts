/** Writes this worker's metrics row: without a fresh one no leader, Java or ours, gives it leases. */
import { type DynamoPort, isServiceError, type Logger } from '@millrace/core'
import { monotonicMs, nowMs } from '@millrace/core/internal'
import { workerMetricsDelete, workerMetricsWrite } from '../lease/worker-metrics-row.ts'

export interface SignOfLifeOptions {
  readonly dynamo: DynamoPort
  readonly tableName: string
  readonly workerId: string
  readonly requestTimeoutMs: number
  /** For the row: percent, oldest first; empty when CPU use is not measured. */
  readonly cpuAverages: () => readonly number[]
  readonly logger: Logger
}

/**
 * A leader tells our workers from Java's, whose first renewals come later, by how soon a row is written
 * again; until then it waits for longer should a new worker die.
 */
const SOON_AGAIN_MS = 2500
/** That before the loops begin, and the loop's first. */
const SIGNS_AT_START = 2

export class SignOfLife {
  readonly #options: SignOfLifeOptions
  /** Times that the row may carry: of a write without an answer, and of the last one answered. */
  #mayStand: readonly number[] = []
  #sentMs = Number.NEGATIVE_INFINITY
  #given = 0

  constructor(options: SignOfLifeOptions) {
    this.#options = options
  }

  /**
   * Until the next one, milliseconds. Counts from when the last was sent: a worker that was paused
   * while it waited for the answer has been silent for as long.
   */
  dueInMs(everyMs: number): number {
    const isStarting = this.#given <= SIGNS_AT_START
    const pauseMs = isStarting ? Math.min(SOON_AGAIN_MS, everyMs) : everyMs
    return Math.max(0, this.#sentMs + pauseMs - monotonicMs())
  }

  async give(): Promise<void> {
    this.#given++
    const { dynamo, tableName, workerId, requestTimeoutMs, cpuAverages } = this.#options
    const timeMs = nowMs()
    const seconds = Math.floor(timeMs / 1000)
    this.#sentMs = monotonicMs()
    try {
      await dynamo.updateItem(workerMetricsWrite(tableName, workerId, timeMs, cpuAverages()), {
        timeoutMs: requestTimeoutMs,
      })
    } catch (cause) {
      if (isServiceError(cause) && cause.ambiguous) {
        this.#mayStand = [seconds, ...this.#mayStand.slice(-1)]
      }
      throw cause
    }
    this.#mayStand = [seconds]
  }

  /** On a clean stop, so that nobody hands leases to a worker that is gone. */
  async withdraw(): Promise<void> {
    for (const lastUpdateSeconds of this.#mayStand) {
      if (await this.#delete(lastUpdateSeconds)) return
    }
  }

  /** False when the row does not carry this time. */
  async #delete(lastUpdateSeconds: number): Promise<boolean> {
    const { dynamo, tableName, workerId, requestTimeoutMs, logger } = this.#options
    try {
      await dynamo.deleteItem(workerMetricsDelete(tableName, { workerId, lastUpdateSeconds }), {
        timeoutMs: requestTimeoutMs,
      })
    } catch (cause) {
      if (!isServiceError(cause)) throw cause
      if (cause.kind === 'condition-failed') return false
      logger.warn({ err: cause }, 'the worker metrics row was not deleted; it goes stale by itself')
    }
    return true
  }
}
