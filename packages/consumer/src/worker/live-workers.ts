/**
 * Which workers are alive: those with a fresh metrics row, less the owners of expired leases. A
 * killed worker's row stays fresh for a minute; it stays dead here until it writes a newer one.
 * Pure but for its memory.
 */
import { isFresh, type WorkerMetricsRow } from '../lease/worker-metrics-row.ts'

export class LiveWorkers {
  /** Worker id -> the last sign of life it had given when it was found dead. */
  #dead = new Map<string, number>()

  /** @returns ids, sorted */
  observe(
    rows: readonly WorkerMetricsRow[],
    ownersOfExpired: ReadonlySet<string>,
    nowMs: number,
  ): readonly string[] {
    const dead = new Map<string, number>()
    const alive: string[] = []
    for (const row of rows) {
      const diedAtSeconds = this.#dead.get(row.workerId)
      const silent = diedAtSeconds !== undefined && row.lastUpdateSeconds <= diedAtSeconds
      if (ownersOfExpired.has(row.workerId) || silent) {
        dead.set(row.workerId, Math.max(row.lastUpdateSeconds, diedAtSeconds ?? 0))
      } else if (isFresh(row, nowMs)) alive.push(row.workerId)
    }
    this.#dead = dead
    return alive.sort()
  }
}
