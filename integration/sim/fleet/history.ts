/** One history of a fleet: it starts, is disturbed, heals, drains, stops, and is judged. */
import { sleep } from '@millrace/core/internal'
import type {
  AppliedWrite,
  ProcessHandle,
  SimulatedWorld,
  StoredRecordNotice,
} from '@millrace/testing'
import { DeliveryChecker } from '../checkers/delivery-checker.ts'
import { checkAccount, checkCoverage, unserved } from '../checkers/end-checks.ts'
import { Ledger } from '../checkers/ledger.ts'
import { LostRows } from '../checkers/lost-rows.ts'
import { TableChecker } from '../checkers/table-checker.ts'
import { Fleet } from './fleet.ts'
import type { Disturbance, HistoryPlan } from './history-plan.ts'
import { FAILOVER_TIME_MS, STREAM } from './names.ts'
import { runProducer } from './producer-process.ts'
import { mergeOne, splitOne } from './reshard.ts'

/** L13: from the last fault until everything is done. */
const DRAIN_MS = 120_000
const STOP_MS = 60_000

export class History {
  readonly #plan: HistoryPlan
  readonly #ledger = new Ledger()
  #world: SimulatedWorld | undefined
  readonly #table: TableChecker
  readonly #deliveries: DeliveryChecker
  readonly #lost: LostRows
  readonly #leasesLost: { readonly reason: string; readonly atMs: number }[] = []

  constructor(plan: HistoryPlan) {
    this.#plan = plan
    const report = (
      rule: string,
      message: string,
      fields?: Readonly<Record<string, unknown>>,
    ): void => this.#inWorld().violation(rule, message, fields)
    const shared = {
      ledger: this.#ledger,
      kinesis: () => this.#inWorld().kinesis,
      streamName: STREAM,
      failoverTimeMs: FAILOVER_TIME_MS,
      nowMs: () => this.#inWorld().nowMs(),
      report,
    }
    this.#table = new TableChecker(shared)
    this.#lost = new LostRows(this.#table)
    this.#deliveries = new DeliveryChecker({
      ...shared,
      table: this.#table,
    })
  }

  /** For the models, which are made before the world is. */
  stored(notice: StoredRecordNotice): void {
    this.#ledger.stored(notice)
  }
  applied(write: AppliedWrite): void {
    this.#table.applied(write)
  }

  /** Tenures that ended against the worker's will, so far. */
  get leasesLost(): readonly { readonly reason: string; readonly atMs: number }[] {
    return this.#leasesLost
  }

  async run(world: SimulatedWorld): Promise<void> {
    this.#world = world
    const plan = this.#plan
    await world.kinesis.createStream({ StreamName: STREAM, ShardCount: plan.shards })
    const fleet = new Fleet({
      world,
      plan,
      ledger: this.#ledger,
      table: this.#table,
      deliveries: this.#deliveries,
      onLeaseLost: (reason) => {
        if (reason !== 'released') this.#leasesLost.push({ reason, atMs: world.nowMs() })
      },
    })
    for (let slot = 0; slot < plan.workers; slot++) fleet.start(slot)
    if (plan.initialPosition === 'LATEST') await this.#untilReadingAtTheTip()
    const producer = world.spawn('producer', (process) =>
      runProducer(process, { world, ledger: this.#ledger, plan }),
    )
    await this.#disturb(fleet, producer)
    world.heal()
    world.note('healed')
    for (let slot = 0; slot < plan.workers; slot++) if (!fleet.isUp(slot)) fleet.start(slot)
    await world.until(() => producer.state === 'exited' || producer.state === 'killed', {
      timeoutMs: DRAIN_MS,
    })
    await this.#drain()
    await this.#lost.judged()
    const stuck = await fleet.stopAll(STOP_MS)
    if (stuck.length > 0) world.violation('L3', `did not stop in time: ${stuck.join(', ')}`)
    checkAccount(this.#ledger, (rule, message, fields) => world.violation(rule, message, fields))
    world.count('records.put', this.#ledger.puts.length)
  }

  async #disturb(fleet: Fleet, producer: ProcessHandle): Promise<void> {
    const world = this.#inWorld()
    for (const { atMs, what } of this.#plan.disturbances) {
      await sleep(Math.max(0, atMs - world.nowMs()))
      await this.#carryOut(fleet, producer, what)
    }
    await sleep(Math.max(0, this.#plan.disturbedMs - world.nowMs()))
  }

  async #carryOut(fleet: Fleet, producer: ProcessHandle, what: Disturbance): Promise<void> {
    const world = this.#inWorld()
    switch (what.kind) {
      case 'split':
        return await splitOne(world, what.pick)
      case 'merge':
        return await mergeOne(world, what.pick)
      case 'delete-row':
        return await this.#lost.lose(world, what.pick)
      case 'pause':
        return fleet.handle(what.worker)?.pause(what.forMs)
      case 'pause-producer':
        return producer.pause(what.forMs)
      case 'disconnect':
        return fleet.handle(what.worker)?.disconnect(what.service, what.forMs)
      case 'stop':
        fleet.stop(what.worker)
        break
      case 'kill':
        fleet.handle(what.worker)?.kill()
        break
    }
    void this.#restart(fleet, what.worker, what.restartAfterMs)
  }

  async #restart(fleet: Fleet, slot: number, afterMs: number): Promise<void> {
    const former = fleet.handle(slot)
    await sleep(afterMs)
    await former?.done
    if (fleet.handle(slot) === former) fleet.start(slot)
  }

  /** At LATEST only what is put after the start is owed. */
  async #untilReadingAtTheTip(): Promise<void> {
    const started = await this.#inWorld().until(() => this.#table.allStarted(), {
      timeoutMs: DRAIN_MS,
    })
    if (!started) this.#inWorld().violation('L13', 'no start at LATEST became durable')
  }

  async #drain(): Promise<void> {
    const world = this.#inWorld()
    const open = (): string[] => unserved(this.#table.rows, world.kinesis.shards(STREAM))
    const drained = await world.until(
      () => this.#ledger.undone().length === 0 && open().length === 0,
      { timeoutMs: DRAIN_MS, everyMs: 500 },
    )
    if (!drained) {
      world.violation('L13', 'not every lease is served 120 s after the last fault', {
        undone: this.#ledger.undone().length,
        unserved: open(),
      })
    }
    checkCoverage(this.#table.rows, (rule, message) => world.violation(rule, message))
  }

  #inWorld(): SimulatedWorld {
    if (this.#world === undefined) throw new Error('this history has not begun')
    return this.#world
  }
}
