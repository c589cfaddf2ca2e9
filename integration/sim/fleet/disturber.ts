/** Carries out what a plan wants to go wrong. */
import { isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { ProcessHandle, SimulatedWorld } from '@millrace/testing'
import type { LostRows } from '../checkers/lost-rows.ts'
import type { TableChecker } from '../checkers/table-checker.ts'
import type { Fleet } from './fleet.ts'
import { disturbRows } from './foreign-writes.ts'
import type { Disturbance, HistoryPlan, Target } from './history-plan.ts'
import { Outages } from './outages.ts'
import type { ProducerRun } from './producer-run.ts'
import { mergeOne, splitOne } from './reshard.ts'

export interface DisturberOptions {
  readonly world: SimulatedWorld
  readonly plan: HistoryPlan
  readonly fleet: Fleet
  readonly producer: ProducerRun
  readonly table: TableChecker
  readonly lost: LostRows
}

export class Disturber {
  readonly #options: DisturberOptions
  readonly #outages: Outages
  #reshards: number

  constructor(options: DisturberOptions) {
    this.#options = options
    this.#outages = new Outages(options.world, options.plan.faults)
    this.#reshards = options.plan.reshardsAtShardEnd
  }

  async run(): Promise<void> {
    const { world, plan } = this.#options
    for (const { atMs, what } of plan.disturbances) {
      await sleep(Math.max(0, atMs - world.nowMs()))
      world.count(`disturbance.${what.kind}`)
      await this.#carryOut(what)
    }
    await sleep(Math.max(0, plan.disturbedMs - world.nowMs()))
    this.#reshards = 0
    this.#outages.over()
  }

  /** The worst moment to reshard: SHARD_END has just been stored. */
  shardEnded(): void {
    const { world } = this.#options
    if (this.#reshards === 0) return
    const pick = this.#reshards--
    world.count('disturbance.reshard-at-shard-end')
    void (pick % 2 === 0 ? splitOne(world, pick) : mergeOne(world, pick)).catch(refusedIsFine)
  }

  async #carryOut(what: Disturbance): Promise<void> {
    const { world, fleet, producer, lost, table } = this.#options
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
        return this.#outages.begin(what.of, what.forMs)
      case 'pause':
        return this.#worker(what.worker)?.pause(what.forMs)
      case 'step-clock':
        return this.#worker(what.worker)?.stepClock(what.byMs)
      case 'pause-producer':
        return producer.pause(what.forMs)
      case 'kill-producer':
        return producer.killAndRestart(what.restartAfterMs)
      case 'disconnect':
        return this.#worker(what.worker)?.disconnect(what.service, what.forMs)
      case 'stop':
        return fleet.stopAndRestart(this.#slot(what.worker), what.restartAfterMs)
      case 'kill':
        return fleet.killAndRestart(this.#slot(what.worker), what.restartAfterMs)
    }
  }

  #slot(target: Target): number {
    const { fleet, table, world } = this.#options
    if (target !== 'leader') return target
    const slot = fleet.slotOf(table.lock.owner)
    if (slot !== undefined) world.count('marker.aimed-at-leader')
    return slot ?? 0
  }

  #worker(target: Target): ProcessHandle | undefined {
    return this.#options.fleet.handle(this.#slot(target))
  }
}

function refusedIsFine(cause: unknown): void {
  if (!isServiceError(cause)) throw cause
}
