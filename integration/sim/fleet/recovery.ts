/** How soon a healed fleet serves every shard, and how evenly: L1, L2, L4 and L13. */
import type { SimulatedWorld } from '@millrace/testing'
import { BOUND_LIMITS_MS, type Bounds } from '../bounds.ts'
import type { DeliveryChecker } from '../checkers/delivery-checker.ts'
import { unserved } from '../checkers/end-checks.ts'
import { isEnded } from '../checkers/lease-row.ts'
import type { Ledger } from '../checkers/ledger.ts'
import type { TableChecker } from '../checkers/table-checker.ts'
import type { Fleet } from './fleet.ts'
import type { HistoryPlan } from './history-plan.ts'
import { STREAM } from './names.ts'
import { putInto } from './probe.ts'
import { isByUtilization } from './rarer-options.ts'

/** Until everything is done. */
const DRAIN_MS = 120_000
/** Until leases are spread and somebody leads. */
const SPREAD_MS = 30_000
/** By which the time to the first delivery is counted. */
const BUCKETS_MS = [2000, 5000, 13_000, 21_000, 60_000] as const

export interface RecoveryOptions {
  readonly world: SimulatedWorld
  readonly plan: HistoryPlan
  readonly ledger: Ledger
  readonly table: TableChecker
  readonly deliveries: DeliveryChecker
  readonly fleet: Fleet
  readonly bounds: Bounds
}

export class Recovery {
  readonly #options: RecoveryOptions

  constructor(options: RecoveryOptions) {
    this.#options = options
  }

  /** Puts a record into every open shard and waits for a delivery there, or on the way there. */
  async served(): Promise<void> {
    const { world, plan, bounds } = this.#options
    const fromMs = world.nowMs()
    await this.#probe()
    const inTime = await world.until(() => this.#silent(fromMs).length === 0, {
      timeoutMs: plan.recoversWithinMs,
      everyMs: 250,
    })
    const tookMs = world.nowMs() - fromMs
    const bucket = BUCKETS_MS.find((ms) => tookMs <= ms)
    world.count(`recovery.${inTime && bucket !== undefined ? `within-${bucket}-ms` : 'late'}`)
    if (inTime && plan.recoversWithinMs === BOUND_LIMITS_MS.L1) bounds.record('L1', tookMs)
    if (!inTime) {
      world.violation('L1', `not delivered ${plan.recoversWithinMs} ms after the last fault`, {
        shards: this.#silent(fromMs),
      })
    }
  }

  async drained(): Promise<void> {
    const { world, ledger } = this.#options
    const isDrained = await world.until(
      () => ledger.undone().length === 0 && this.#unserved().length === 0,
      { timeoutMs: DRAIN_MS, everyMs: 500 },
    )
    if (isDrained) return
    world.violation('L13', 'not every lease is served 120 s after the last fault', {
      undone: ledger.undone().length,
      unserved: this.#unserved(),
    })
  }

  /** Nobody has two leases more than another, unless counts do not decide; and a live worker leads. */
  async spread(): Promise<void> {
    const { world, plan, fleet, table } = this.#options
    const isSpread = (): boolean => isByUtilization(plan) || this.#spreadOfCounts() <= 1
    const isEven = await world.until(isSpread, {
      timeoutMs: SPREAD_MS,
      everyMs: 500,
    })
    if (!isEven) {
      world.violation('L4', `lease counts differ by ${this.#spreadOfCounts()}`, {
        counts: this.#counts(),
      })
    }
    const leads = await world.until(() => fleet.isAlive(table.lock.owner), {
      timeoutMs: SPREAD_MS,
      everyMs: 500,
    })
    if (!leads) world.violation('L2', `${table.lock.owner ?? 'nobody'} leads, which is not alive`)
  }

  /** A dead owner serves nothing. */
  #unserved(): string[] {
    const { world, table, fleet } = this.#options
    const dead = [...table.rows]
      .filter(([, row]) => !isEnded(row) && row.owner !== undefined && !fleet.isAlive(row.owner))
      .map(([shardId]) => shardId)
    return [...unserved(table.rows, world.kinesis.shards(STREAM)), ...dead]
  }

  #counts(): ReadonlyMap<string, number> {
    const { table, fleet } = this.#options
    const counts = new Map<string, number>(fleet.alive().map((workerId) => [workerId, 0]))
    for (const row of table.rows.values()) {
      if (isEnded(row) || row.owner === undefined) continue
      counts.set(row.owner, (counts.get(row.owner) ?? 0) + 1)
    }
    return counts
  }

  #spreadOfCounts(): number {
    const counts = [...this.#counts().values()]
    return Math.max(...counts) - Math.min(...counts)
  }

  async #probe(): Promise<void> {
    const { world, ledger } = this.#options
    for (const shard of this.#openShards()) {
      await putInto(world, ledger, shard.ShardId)
    }
  }

  #openShards(): ReturnType<SimulatedWorld['kinesis']['shards']> {
    return this.#options.world.kinesis
      .shards(STREAM)
      .filter(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber === undefined)
  }

  /**
   * Open shards without a delivery since, neither there nor in a shard that comes before, nor the end
   * of one: nothing may have been left in it to deliver.
   */
  #silent(sinceMs: number): string[] {
    const { world, deliveries, table } = this.#options
    const shards = new Map(world.kinesis.shards(STREAM).map((shard) => [shard.ShardId, shard]))
    const isHeard = (shardId: string | undefined): boolean => {
      const shard = shardId === undefined ? undefined : shards.get(shardId)
      if (shard === undefined) return false
      const servedMs = Math.max(deliveries.lastCallMs(shard.ShardId), table.endedMs(shard.ShardId))
      if (servedMs >= sinceMs) return true
      return isHeard(shard.ParentShardId) || isHeard(shard.AdjacentParentShardId)
    }
    return this.#openShards()
      .map(({ ShardId }) => ShardId)
      .filter((shardId) => !isHeard(shardId))
  }
}
