/** Carries out what a plan wants to go wrong. */
import { isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { AppliedWrite, ProcessHandle, SimulatedWorld } from '@millrace/testing'
import type { Ledger } from '../checkers/ledger.ts'
import type { LostRows } from '../checkers/lost-rows.ts'
import type { TableChecker } from '../checkers/table-checker.ts'
import type { Fleet } from './fleet.ts'
import { disturbRows } from './foreign-writes.ts'
import type { Disturbance, HistoryPlan, Target } from './history-plan.ts'
import { Outages } from './outages.ts'
import type { ProducerRun } from './producer-run.ts'
import { mergeOne, splitOne } from './reshard.ts'
import { trimOne } from './retention.ts'

export interface DisturberOptions {
  readonly world: SimulatedWorld
  readonly plan: HistoryPlan
  readonly fleet: Fleet
  readonly producer: ProducerRun
  readonly table: TableChecker
  readonly ledger: Ledger
  readonly lost: LostRows
}

const CRASH_LOOP_MS = 1500
/** Less is the time that disturbances take themselves. */
const LATE_MS = 1000

export class Disturber {
  readonly #options: DisturberOptions
  readonly #outages: Outages
  #reshards: number
  /** The process that is killed at its next write, and when its slot starts again. */
  #doomed: { readonly name: string; readonly restartAfterMs: number } | undefined

  constructor(options: DisturberOptions) {
    this.#options = options
    this.#outages = new Outages(options.world, options.plan.faults)
    this.#reshards = options.plan.reshardsAtShardEnd
  }

  async run(): Promise<void> {
    const { world, plan } = this.#options
    for (const { atMs, what } of plan.disturbances) {
      await sleep(Math.max(0, atMs - world.nowMs()))
      const due = withinItsTime(what, world.nowMs() - atMs)
      if (due !== undefined && (await this.#carryOut(due))) {
        world.count(`disturbance.${what.kind}`)
      }
    }
    await sleep(Math.max(0, plan.disturbedMs - world.nowMs()))
    this.#reshards = 0
    this.#doomed = undefined
    this.#outages.over()
  }

  /** The worst moment to reshard: SHARD_END has just been stored. */
  shardEnded(): void {
    const { world } = this.#options
    if (this.#reshards === 0) return
    const pick = this.#reshards--
    void (pick % 2 === 0 ? splitOne(world, pick) : mergeOne(world, pick)).then((tookEffect) => {
      if (tookEffect) world.count('disturbance.reshard-at-shard-end')
    }, refusedIsFine)
  }

  /** A write to a lease was applied; its sender may be gone before it hears of that. */
  applied({ after, origin }: AppliedWrite): void {
    const doomed = this.#doomed
    if (doomed === undefined || origin?.process !== doomed.name) return
    if (after?.['checkpoint'] === undefined) return
    const { fleet, world } = this.#options
    this.#doomed = undefined
    const slot = fleet.slotOf(doomed.name)
    if (slot === undefined) return
    world.count('marker.killed-mid-write')
    world.count('disturbance.kill-mid-write')
    fleet.killAndRestart(slot, doomed.restartAfterMs)
  }

  /** @returns whether it took effect: there may be nothing to merge, or nobody to pause */
  async #carryOut(what: Disturbance): Promise<boolean> {
    const { world, plan, fleet, producer, ledger, lost, table } = this.#options
    switch (what.kind) {
      case 'split':
        return await splitOne(world, what.pick)
      case 'merge':
        return await mergeOne(world, what.pick)
      case 'delete-row':
        return await lost.lose(world, what.pick)
      case 'malformed-row':
      case 'stuck-handoff':
      case 'there-and-back':
      case 'break-lock':
        return await disturbRows(world, table, what)
      case 'outage':
        this.#outages.begin(what.of, what.forMs)
        return true
      case 'pause':
        return this.#toWorker(what.worker, (worker) => worker.pause(what.forMs))
      case 'step-clock':
        return this.#toWorker(what.worker, (worker) => worker.stepClock(what.byMs))
      case 'pause-producer':
        return producer.pause(what.forMs)
      case 'kill-producer':
        return producer.killAndRestart(what.restartAfterMs)
      case 'disconnect':
        return this.#toWorker(what.worker, (worker) => worker.disconnect(what.service, what.forMs))
      case 'block-loop':
        return this.#toWorker(what.worker, (worker) => worker.block(what.forMs))
      case 'lose-replies':
        return this.#toWorker(what.worker, (worker) =>
          worker.disconnect(what.service, what.forMs, 'replies'),
        )
      case 'brown-out':
        this.#outages.begin(`slow-${what.of}`, what.forMs)
        return true
      case 'kill-mid-write': {
        const { restartAfterMs } = what
        const name = fleet.handle(this.#slot(what.worker))?.name
        this.#doomed = name === undefined ? undefined : { name, restartAfterMs }
        // Counted when it is killed.
        return false
      }
      case 'crash-loop':
        void this.#crashLoop(this.#slot(what.worker), what.forMs)
        return true
      case 'scale-to-zero':
        for (let slot = 0; slot < plan.workers; slot++) {
          fleet.stopAndRestart(slot, what.restartAfterMs)
        }
        return true
      case 'trim':
        return trimOne(world, ledger, what.pick)
      case 'rolling-deploy':
        void this.#deploy(what.forMs / plan.workers)
        return true
      case 'stop':
        return this.#toSlot(what.worker, (slot) => fleet.stopAndRestart(slot, what.restartAfterMs))
      case 'kill':
        return this.#toSlot(what.worker, (slot) => fleet.killAndRestart(slot, what.restartAfterMs))
    }
  }

  /** Dies again as soon as it is up. */
  async #crashLoop(slot: number, forMs: number): Promise<void> {
    const { world, fleet } = this.#options
    const endMs = world.nowMs() + forMs
    while (world.nowMs() < endMs) {
      fleet.killAndRestart(slot, CRASH_LOOP_MS / 2)
      await sleep(CRASH_LOOP_MS)
    }
  }

  async #deploy(everyMs: number): Promise<void> {
    const { plan, fleet } = this.#options
    for (let slot = 0; slot < plan.workers; slot++) {
      fleet.stopAndRestart(slot, everyMs / 4)
      await sleep(everyMs)
    }
  }

  #slot(target: Target): number {
    const { fleet, table, world } = this.#options
    if (target !== 'leader') return target
    const slot = fleet.slotOf(table.lock.owner)
    if (slot !== undefined) world.count('marker.aimed-at-leader')
    return slot ?? 0
  }

  /** @returns whether the worker was up; one that is down is let alone */
  #toWorker(target: Target, act: (worker: ProcessHandle) => void): boolean {
    const { fleet } = this.#options
    const slot = this.#slot(target)
    const worker = fleet.isUp(slot) ? fleet.handle(slot) : undefined
    if (worker !== undefined) act(worker)
    return worker !== undefined
  }

  /** @returns whether a worker was up there; in any case the slot starts again */
  #toSlot(target: Target, act: (slot: number) => void): boolean {
    const slot = this.#slot(target)
    const wasUp = this.#options.fleet.isUp(slot)
    act(slot)
    return wasUp
  }
}

/**
 * A fleet at LATEST may take so long to start that the plan's times have passed by. What lasts ends
 * when it was meant to, else it would go on after everything has healed; undefined: it is over.
 */
function withinItsTime(what: Disturbance, lateMs: number): Disturbance | undefined {
  if (lateMs < LATE_MS || !('forMs' in what)) return what
  return lateMs >= what.forMs ? undefined : { ...what, forMs: what.forMs - lateMs }
}

function refusedIsFine(cause: unknown): void {
  if (!isServiceError(cause)) throw cause
}
