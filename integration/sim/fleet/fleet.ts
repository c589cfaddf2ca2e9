/** The workers of one history: who runs, who is restarted, who is asked to stop. */
import type { ProcessHandle, SimulatedWorld } from '@millrace/testing'
import { runWorker, type WorkerProcessOptions } from './worker-process.ts'

interface Slot {
  readonly handle: ProcessHandle
  stopRequested: boolean
}

export class Fleet {
  readonly #world: SimulatedWorld
  readonly #options: Omit<WorkerProcessOptions, 'workerId' | 'stopRequested'>
  readonly #slots: Slot[] = []
  #spawned = 0

  constructor(options: Omit<WorkerProcessOptions, 'workerId' | 'stopRequested'>) {
    this.#world = options.world
    this.#options = options
  }

  start(slot: number): void {
    // Each life has an id of its own, as containers have.
    const workerId = `w${slot}-${++this.#spawned}`
    const life = { stopRequested: false }
    const handle = this.#world.spawn(
      workerId,
      (process) =>
        runWorker(process, {
          ...this.#options,
          workerId,
          stopRequested: () => life.stopRequested,
        }),
      this.#options.plan.clocks[slot],
    )
    this.#slots[slot] = Object.assign(life, { handle })
    void handle.done.then((how) => {
      if (how === 'exited' && handle.error === undefined && handle.leftBehind > 0) {
        this.#world.violation('S21', `${workerId} left ${handle.leftBehind} timers or calls behind`)
      }
    })
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
    if (life !== undefined) life.stopRequested = true
  }

  /** Stops all; those that do not end in time are named. */
  async stopAll(timeoutMs: number): Promise<readonly string[]> {
    for (const slot of this.#slots.keys()) if (this.isUp(slot)) this.stop(slot)
    await this.#world.until(() => this.#slots.every((_slot, i) => !this.isUp(i)), { timeoutMs })
    return this.#slots.filter((_slot, i) => this.isUp(i)).map(({ handle }) => handle.name)
  }
}
