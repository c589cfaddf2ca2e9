/** One history of a fleet: it starts, is disturbed, heals, drains, stops, and is judged. */
import type { AppliedWrite, SimulatedWorld, StoredRecordNotice } from '@millrace/testing'
import type { Bounds } from '../bounds.ts'
import { DeliveryChecker } from '../checkers/delivery-checker.ts'
import { checkAccount, checkCoverage, checkHandedOver } from '../checkers/end-checks.ts'
import { Ledger } from '../checkers/ledger.ts'
import { LostRows } from '../checkers/lost-rows.ts'
import { Markers } from '../checkers/markers.ts'
import type { Report } from '../checkers/report.ts'
import { StrictReader } from '../checkers/strict-reader.ts'
import { TableChecker } from '../checkers/table-checker.ts'
import { Disturber } from './disturber.ts'
import { Fleet } from './fleet.ts'
import type { HistoryPlan } from './history-plan.ts'
import { FAILOVER_TIME_MS, HANDOFF_TIMEOUT_MS, STREAM } from './names.ts'
import { ProducerRun } from './producer-run.ts'
import { isByUtilization, isWithoutHandoffs } from './rarer-options.ts'
import { Recovery } from './recovery.ts'
import { Stage } from './stage.ts'
import type { LostLease } from './worker-process.ts'

const PRODUCER_END_MS = 120_000
const START_MS = 120_000
const STOP_MS = 60_000

export class History {
  readonly #plan: HistoryPlan
  readonly #bounds: Bounds
  readonly #ledger = new Ledger()
  readonly #strict = new StrictReader(() => this.#inWorld().kinesis.shards(STREAM))
  #world: SimulatedWorld | undefined
  #disturber: Disturber | undefined
  #onWrite: (write: AppliedWrite) => void = () => {}
  readonly #table: TableChecker
  readonly #deliveries: DeliveryChecker
  readonly #lost: LostRows
  readonly #markers: Markers
  #fleet: Fleet | undefined

  constructor(plan: HistoryPlan, bounds: Bounds) {
    this.#plan = plan
    this.#bounds = bounds
    const report: Report = (rule, message, fields) =>
      this.#inWorld().violation(rule, message, fields)
    const shared = {
      ledger: this.#ledger,
      kinesis: () => this.#inWorld().kinesis,
      streamName: STREAM,
      failoverTimeMs: FAILOVER_TIME_MS,
      nowMs: () => this.#inWorld().nowMs(),
      report,
    }
    this.#table = new TableChecker({
      ...shared,
      handoffTimeoutMs: HANDOFF_TIMEOUT_MS,
      movesByCount: !isByUtilization(plan),
      asksHolders: !isWithoutHandoffs(plan),
      onShardEnd: () => this.#disturber?.shardEnded(),
      onHandedOver: (shardId, from) => this.#deliveries.handedOver(shardId, from),
    })
    this.#lost = new LostRows(this.#table, bounds)
    this.#markers = new Markers({
      rows: this.#table.rows,
      lock: this.#table.lock,
      shards: () => this.#inWorld().kinesis.shards(STREAM),
      standsMs: FAILOVER_TIME_MS * 0.99,
      nowMs: shared.nowMs,
      reached: (marker) => this.#inWorld().count(`marker.${marker}`),
    })
    this.#deliveries = new DeliveryChecker({
      ...shared,
      table: this.#table,
    })
  }

  /** For the models, which are made before the world is. */
  stored(notice: StoredRecordNotice): void {
    this.#ledger.stored(notice)
    this.#strict.stored(notice)
  }
  applied(write: AppliedWrite): void {
    this.#table.applied(write)
    this.#disturber?.applied(write)
    const event = this.#markers.applied(write)
    if (event !== undefined) this.#inWorld().note(event.kind, { ...event })
    this.#onWrite(write)
  }

  get plan(): HistoryPlan {
    return this.#plan
  }

  get table(): TableChecker {
    return this.#table
  }

  /** Tenures that ended against the worker's will, so far. */
  get leasesLost(): readonly LostLease[] {
    return this.#fleet?.leasesLost ?? []
  }

  async run(world: SimulatedWorld, script?: (stage: Stage) => Promise<void>): Promise<void> {
    this.#world = world
    const plan = this.#plan
    const [ledger, table, deliveries] = [this.#ledger, this.#table, this.#deliveries]
    const report: Report = (rule, message, fields) => world.violation(rule, message, fields)
    await world.kinesis.createStream({ StreamName: STREAM, ShardCount: plan.shards })
    const stuck = new Set<string>()
    let isHealed = false
    // Workers that all stop at once have nobody to hand over to.
    let isOver = false
    const fleet = new Fleet({
      world,
      plan,
      ledger,
      table,
      deliveries,
      isHealed: () => isHealed,
      onCall: (call) => stage.onCall?.(call),
      onInitialize: (shardId, input) => stage.onInitialize?.(shardId, input),
      markers: this.#markers,
      onStuck: (workerId) => {
        stuck.add(workerId)
        world.count('handler.never-settles')
      },
      onExit: (workerId) => {
        if (plan.isOrderly && !isOver) checkHandedOver(table.rows, workerId, report)
      },
      onLeaseLost: (lease) => stage.onLeaseLost?.(lease),
      onDraining: (workerId) => stage.onDraining?.(workerId),
      onHandled: (style) => stage.handledBy.add(style),
    })
    this.#fleet = fleet
    const producer = new ProducerRun({ world, ledger, strict: this.#strict, plan })
    const disturber = new Disturber({
      ...{ world, plan, fleet, producer, ledger, table, lost: this.#lost },
    })
    this.#disturber = disturber
    const lost = this.#lost
    const bounds = this.#bounds
    const stage = new Stage({
      ...{ world, plan, fleet, producer, table, deliveries, ledger, lost, bounds },
    })
    this.#onWrite = (write) => stage.onWrite?.(write)
    await this.#startAll(fleet, producer)
    await Promise.all([disturber.run(), script?.(stage)])
    world.heal()
    isHealed = true
    this.#lost.healed(world.nowMs())
    world.note('healed')
    for (let slot = 0; slot < plan.workers; slot++) {
      if (!fleet.isUp(slot)) fleet.start(slot)
      else if (stuck.has(fleet.handle(slot)?.name ?? '')) fleet.stopAndRestart(slot, 0)
    }
    const recovery = new Recovery({ world, plan, ledger, table, deliveries, fleet, bounds })
    const served = recovery.served()
    if (!(await producer.finish(PRODUCER_END_MS))) world.violation('S17', 'a producer does not end')
    await served
    await recovery.drained()
    checkCoverage(table.rows, report)
    await this.#lost.judged()
    if (plan.hasLeader) await recovery.spread()
    isOver = true
    const late = await fleet.stopAll(STOP_MS)
    if (late.length > 0) world.violation('L3', `did not stop in time: ${late.join(', ')}`)
    checkAccount(ledger, report)
    world.count('records.put', ledger.puts.length)
  }

  async #startAll(fleet: Fleet, producer: ProducerRun): Promise<void> {
    for (let slot = 0; slot < this.#plan.workers; slot++) fleet.start(slot)
    if (this.#plan.initialPosition === 'LATEST') await this.#untilReadingAtTheTip()
    producer.start()
  }

  /** At LATEST only what is put after the start is owed. */
  async #untilReadingAtTheTip(): Promise<void> {
    const world = this.#inWorld()
    const shardIds = world.kinesis.shards(STREAM).map(({ ShardId }) => ShardId)
    const started = await world.until(() => this.#table.allStarted(shardIds), {
      timeoutMs: START_MS,
    })
    if (!started) world.violation('L13', 'no start at LATEST became durable')
  }

  #inWorld(): SimulatedWorld {
    if (this.#world === undefined) throw new Error('this history has not begun')
    return this.#world
  }
}
