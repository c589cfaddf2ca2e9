/** The workers of one history: who runs, who is restarted, who is asked to stop. */
import { sleep } from '@millrace/core/internal'
import type { ProcessHandle, SimulatedWorld } from '@millrace/testing'
import { withClients } from './sdk-clients.ts'
import { styleOf } from './styles.ts'
import { type LostLease, runWorker, type WorkerProcessOptions } from './worker-process.ts'

interface Slot {
  readonly handle: ProcessHandle
  stopRequested: boolean
  isClosedLate: boolean
}

export interface FleetOptions
  extends Omit<WorkerProcessOptions, 'workerId' | 'style' | 'stopRequested' | 'onClosedLate'> {
  /** A worker has ended of its own accord, not by a kill or a crash. */
  readonly onExit?: ((workerId: string) => void) | undefined
}

const RESTART_MS = 1000

export class Fleet {
  readonly #world: SimulatedWorld
  readonly #options: FleetOptions
  /** From the last stop on nothing is started again. */
  #isOver = false
  readonly #slots: Slot[] = []
  /** Tenures that ended against the worker's will, so far. */
  readonly leasesLost: LostLease[] = []
  /** For a script that waits for what a worker says. */
  onWarning: ((message: string) => void) | undefined
  /** For a script about errors that are not a service's: true when this one is expected. */
  mayMeet: ((error: unknown) => boolean) | undefined
  #spawned = 0

  constructor(options: FleetOptions) {
    this.#world = options.world
    this.#options = options
  }

  start(slot: number): void {
    // As containers have ids of their own with each life, or pods of a StatefulSet keep theirs.
    const workerId = this.#options.plan.stableIds ? `w${slot}` : `w${slot}-${++this.#spawned}`
    const life = { stopRequested: false, isClosedLate: false }
    const handle = this.#world.spawn(
      workerId,
      withClients(this.#options.plan, this.#world, (process) =>
        runWorker(process, {
          ...this.#options,
          workerId,
          style: styleOf(this.#options.plan, slot),
          onLeaseLost: (lease) => this.#leaseLost(lease),
          onWarning: (message) => this.onWarning?.(message),
          mayMeet: (error) => this.mayMeet?.(error) ?? false,
          stopRequested: () => life.stopRequested,
          onClosedLate: () => {
            started.isClosedLate = true
            this.#world.count('worker.closed-at-deadline')
          },
        }),
      ),
      this.#options.plan.clocks[slot],
    )
    const started: Slot = Object.assign(life, { handle })
    this.#slots[slot] = started
    void handle.done.then((how) => {
      this.#options.deliveries.died(handle.name)
      if (how === 'exited' && handle.error === undefined) this.#ended(slot, started)
    })
  }

  /** By itself or because it was asked to: in any case it must leave nothing behind. */
  #ended(slot: number, { handle, stopRequested, isClosedLate }: Slot): void {
    const { leftBehind, name } = handle
    if (leftBehind > 0 && !isClosedLate) {
      this.#world.violation('S21', `${name} left ${leftBehind} timers or calls behind`)
    }
    this.#options.onExit?.(name)
    // A policy said stop; whatever runs workers starts another.
    if (!stopRequested) void this.#restart(slot, RESTART_MS)
  }

  #leaseLost(lease: LostLease): void {
    if (lease.reason !== 'released') this.leasesLost.push(lease)
    this.#options.onLeaseLost?.(lease)
  }

  killAndRestart(slot: number, afterMs: number): void {
    this.handle(slot)?.kill()
    void this.#restart(slot, afterMs)
  }

  stopAndRestart(slot: number, afterMs: number): void {
    this.stop(slot)
    void this.#restart(slot, afterMs)
  }

  async #restart(slot: number, afterMs: number): Promise<void> {
    const former = this.handle(slot)
    await sleep(afterMs)
    await former?.done
    if (this.handle(slot) === former && !this.#isOver) this.start(slot)
  }

  alive(): string[] {
    return this.#slots.filter((_slot, i) => this.isUp(i)).map(({ handle }) => handle.name)
  }

  isAlive(workerId: string | undefined): boolean {
    return workerId !== undefined && this.alive().includes(workerId)
  }

  slotOf(workerId: string | undefined): number | undefined {
    const slot = this.#slots.findIndex(({ handle }) => handle.name === workerId)
    return slot < 0 ? undefined : slot
  }

  handle(slot: number): ProcessHandle | undefined {
    return this.#slots[slot]?.handle
  }

  isUp(slot: number): boolean {
    const state = this.#slots[slot]?.handle.state
    return state === 'running' || state === 'paused'
  }

  /** Asks it to stop, as SIGTERM does. */
  stop(slot: number): void {
    const life = this.#slots[slot]
    if (life === undefined || life.stopRequested) return
    life.stopRequested = true
    this.#world.note('stop-requested', { of: life.handle.name })
  }

  /** Stops all; those that do not end in time are named. */
  async stopAll(timeoutMs: number): Promise<readonly string[]> {
    this.#isOver = true
    for (const slot of this.#slots.keys()) if (this.isUp(slot)) this.stop(slot)
    await this.#world.until(() => this.#slots.every((_slot, i) => !this.isUp(i)), { timeoutMs })
    return this.alive()
  }
}
