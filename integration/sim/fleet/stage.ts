/** What a scripted scenario has in its hands, and how it waits for what must come about. */
import type { InitializeInput } from '@millrace/consumer'
import type { AppliedWrite, SimulatedWorld } from '@millrace/testing'
import type { Bounds } from '../bounds.ts'
import type { DeliveryChecker } from '../checkers/delivery-checker.ts'
import { holderOf, isEnded, type LeaseRow } from '../checkers/lease-row.ts'
import type { Ledger } from '../checkers/ledger.ts'
import type { LostRows } from '../checkers/lost-rows.ts'
import type { TableChecker } from '../checkers/table-checker.ts'
import type { Fleet } from './fleet.ts'
import type { HandlerCall } from './handlers.ts'
import type { HistoryPlan } from './history-plan.ts'
import { putInto } from './probe.ts'
import type { ProducerRun } from './producer-run.ts'
import type { Style } from './styles.ts'
import type { LostLease } from './worker-process.ts'

export interface StageOptions {
  readonly world: SimulatedWorld
  readonly plan: HistoryPlan
  readonly fleet: Fleet
  readonly producer: ProducerRun
  readonly table: TableChecker
  readonly deliveries: DeliveryChecker
  readonly ledger: Ledger
  readonly lost: LostRows
  readonly bounds: Bounds
}

/** What must come about, and by when. */
export interface Goal {
  /** Id of the rule, or of the scenario, that is broken when it does not. */
  readonly rule: string
  readonly what: string
  readonly withinMs: number
  readonly everyMs?: number | undefined
}

const LOOK_EVERY_MS = 50
const SETTLED_MS = 60_000

export class Stage {
  readonly world: SimulatedWorld
  readonly plan: HistoryPlan
  readonly fleet: Fleet
  readonly producer: ProducerRun
  readonly table: TableChecker
  readonly deliveries: DeliveryChecker
  readonly ledger: Ledger
  readonly lost: LostRows
  readonly bounds: Bounds
  /** The styles in which something was handled. */
  readonly handledBy: Set<Style> = new Set()
  /** The script's part of each handler call: may wait, may throw. */
  onCall: ((call: HandlerCall) => Promise<void>) | undefined
  /** The same of each `initialize` of a processor. */
  onInitialize: ((shardId: string, input: InitializeInput) => Promise<void>) | undefined
  /** Told of each write to the lease table, after the checkers. */
  onWrite: ((write: AppliedWrite) => void) | undefined
  /** Told of each tenure that a worker says has ended. */
  onLeaseLost: ((lease: LostLease) => void) | undefined
  /** Told of each worker that begins to stop. */
  onDraining: ((workerId: string) => void) | undefined

  constructor(options: StageOptions) {
    this.world = options.world
    this.plan = options.plan
    this.fleet = options.fleet
    this.producer = options.producer
    this.table = options.table
    this.deliveries = options.deliveries
    this.ledger = options.ledger
    this.lost = options.lost
    this.bounds = options.bounds
  }

  /** Waits for it; says a violation when it does not come about. @returns how long it took, ms */
  async reach(goal: Goal, holds: () => boolean | Promise<boolean>): Promise<number | undefined> {
    const { rule, what, withinMs, everyMs = LOOK_EVERY_MS } = goal
    const fromMs = this.world.nowMs()
    if (await this.world.until(holds, { timeoutMs: withinMs, everyMs })) {
      return this.world.nowMs() - fromMs
    }
    this.world.violation(rule, `not within ${withinMs} ms: ${what}`)
    return undefined
  }

  /** Until every open lease is held by a live worker, the counts are even and somebody leads. */
  async settled(): Promise<void> {
    const goal = { rule: 'L13', what: 'the fleet settles', withinMs: SETTLED_MS, everyMs: 250 }
    await this.reach(goal, () => this.isSettled())
  }

  isSettled(): boolean {
    const { fleet, table } = this
    const counts = new Map(fleet.alive().map((workerId) => [workerId, 0]))
    for (const [, row] of this.openLeases()) {
      const owner = row.checkpointOwner === undefined ? row.owner : undefined
      const count = owner === undefined ? undefined : counts.get(owner)
      if (owner === undefined || count === undefined) return false
      counts.set(owner, count + 1)
    }
    const sorted = [...counts.values()].sort((a, b) => a - b)
    const spread = (sorted.at(-1) ?? 0) - (sorted[0] ?? 0)
    return table.rows.size > 0 && spread <= 1 && fleet.isAlive(table.lock.owner)
  }

  openLeases(): [shardId: string, row: LeaseRow][] {
    return [...this.table.rows].filter(([, row]) => !isEnded(row))
  }

  /** Shards that the worker holds, as the table has it. */
  heldBy(workerId: string): string[] {
    return this.openLeases()
      .filter(([, row]) => holderOf(row) === workerId)
      .map(([shardId]) => shardId)
  }

  /** The worker that leads now, else the first that is alive. */
  leader(): { readonly slot: number; readonly workerId: string } {
    const slot = this.fleet.slotOf(this.table.lock.owner) ?? 0
    return { slot, workerId: this.fleet.handle(slot)?.name ?? '' }
  }

  /** A live worker that does not lead. */
  follower(): { readonly slot: number; readonly workerId: string } {
    const { workerId: leader } = this.leader()
    const workerId = this.fleet.alive().find((id) => id !== leader) ?? leader
    return { slot: this.fleet.slotOf(workerId) ?? 0, workerId }
  }

  /** Puts a record straight into a shard, past every producer. */
  async put(shardId: string, text?: string, partitionKey?: string): Promise<void> {
    await putInto(this.world, this.ledger, shardId, text, partitionKey)
  }
}
