/** The producer of one history over its lives: paused, killed, started again. */
import { sleep } from '@millrace/core/internal'
import type { ProcessHandle, SimulatedProcess, SimulatedWorld } from '@millrace/testing'
import type { Ledger } from '../checkers/ledger.ts'
import type { StrictReader } from '../checkers/strict-reader.ts'
import type { HistoryPlan } from './history-plan.ts'
import { type ProducerProcessOptions, runProducer } from './producer-process.ts'
import { withClients } from './sdk-clients.ts'

export interface ProducerRunOptions {
  readonly world: SimulatedWorld
  readonly ledger: Ledger
  readonly strict: StrictReader
  readonly plan: HistoryPlan
}

/** Puts made once everything has healed, at this pace. */
const LAST_PUTS = 20
const LAST_PAUSE_MS = 50
/** How long after the disturbances its pauses may go on: well within what its end may take. */
const LATEST_PAUSE_MS = 60_000

export class ProducerRun {
  readonly #options: ProducerRunOptions
  #handle: ProcessHandle | undefined

  constructor(options: ProducerRunOptions) {
    this.#options = options
  }

  start(): void {
    const { plan, ledger } = this.#options
    this.#spawn('producer', {
      records: plan.records - ledger.puts.length,
      pauseMs: plan.disturbedMs / plan.records,
      untilMs: plan.disturbedMs + LATEST_PAUSE_MS,
      mayFail: true,
    })
  }

  /** @returns whether it was up */
  pause(forMs: number): boolean {
    if (this.#handle?.state !== 'running') return false
    this.#handle.pause(forMs)
    return true
  }

  /** What a killed producer had accepted may be stored, or not: nobody will ever say. */
  killAndRestart(afterMs: number): boolean {
    const { ledger, plan } = this.#options
    const killed = this.#handle
    if (killed === undefined || killed.state === 'exited') return false
    killed.kill()
    for (const put of ledger.puts) if (put.settled === 'pending') put.settled = 'unknown'
    void sleep(afterMs).then(() => {
      if (this.#handle === killed && ledger.puts.length < plan.records) this.start()
    })
    return true
  }

  /** Puts the last records; false when a producer does not end. */
  async finish(timeoutMs: number): Promise<boolean> {
    const { world } = this.#options
    const before = this.#handle
    this.#spawn('last-producer', {
      records: LAST_PUTS,
      pauseMs: LAST_PAUSE_MS,
      untilMs: Number.POSITIVE_INFINITY,
      mayFail: false,
    })
    const last = this.#handle
    const hasEnded = (handle: ProcessHandle | undefined): boolean =>
      handle === undefined || handle.state === 'exited' || handle.state === 'killed'
    return await world.until(() => hasEnded(before) && hasEnded(last), { timeoutMs })
  }

  #spawn(
    name: string,
    run: Pick<ProducerProcessOptions, 'records' | 'pauseMs' | 'untilMs' | 'mayFail'>,
  ): void {
    const { world, ledger, strict, plan } = this.#options
    const main = (process: SimulatedProcess): Promise<void> =>
      runProducer(process, { world, ledger, strict, aggregation: plan.aggregation, ...run })
    const handle = world.spawn(name, withClients(plan, world, main))
    this.#handle = handle
    void handle.done.then(() => {
      if (handle.state === 'exited' && handle.error === undefined && handle.leftBehind > 0) {
        world.violation('S21', `${name} left ${handle.leftBehind} timers or calls behind`)
      }
    })
  }
}
