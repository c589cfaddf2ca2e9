/** A process of the simulation: its life, from spawn to exit, crash or kill. */
import type { DynamoPort, KinesisPort, Random } from '@millrace/core'
import type { ProcessState, VirtualProcess } from '../time/virtual-process.ts'
import type { VirtualScheduler } from '../time/virtual-scheduler.ts'
import type { ServiceName } from './faults.ts'
import type { LostWay, SimulatedNetwork } from './network.ts'
import type { Recorder } from './recorder.ts'

/** What the main function of a process is given. @public */
export interface SimulatedProcess {
  readonly name: string
  readonly kinesis: KinesisPort
  readonly dynamo: DynamoPort
  /** A stream of its own for each incarnation. */
  readonly random: Random
  /**
   * Huge synchronous work: nothing else of this process runs for so long, then the caller goes on
   * before all that fell due meanwhile.
   */
  busy(forMs: number): Promise<void>
}

/** Power over a process, from outside. @public */
export interface ProcessHandle {
  readonly name: string
  readonly state: ProcessState
  /** What the process crashed with, if it did. */
  readonly error: unknown
  /** Timers and calls that were still waiting when the main function settled: 0 is tidy (S21). */
  readonly leftBehind: number
  /** Timers and calls that are waiting now. */
  readonly waiting: number
  /** `exited` also after a crash: see `error`. */
  readonly done: Promise<'exited' | 'killed'>
  /** SIGKILL: nothing of it runs again; requests on their way still arrive. */
  kill(): void
  /** SIGSTOP, or a long collection: what falls due waits, clocks go on. */
  pause(forMs: number): void
  /**
   * Blocks its event loop: its next callback takes so long. What that callback does comes at its
   * end; then timers and replies that came due meanwhile follow, in any order that Node may choose.
   */
  block(forMs: number): void
  /**
   * Cuts it off from the service for a while, one way: its requests do not arrive (the default), or
   * they do and their replies do not.
   */
  disconnect(service: ServiceName, forMs: number, lost?: LostWay): void
  /** Moves its wall clock; its monotonic clock and its timers do not notice. */
  stepClock(byMs: number): void
}

export class SimulatedProcessHandle implements ProcessHandle {
  readonly name: string
  readonly done: Promise<'exited' | 'killed'>
  readonly #virtual: VirtualProcess
  readonly #scheduler: VirtualScheduler
  readonly #recorder: Recorder
  readonly #network: SimulatedNetwork
  #error: unknown
  #leftBehind = 0
  #resolveDone: (how: 'exited' | 'killed') => void = () => {}

  constructor(
    virtual: VirtualProcess,
    scheduler: VirtualScheduler,
    recorder: Recorder,
    network: SimulatedNetwork,
  ) {
    this.name = virtual.name
    this.#virtual = virtual
    this.#scheduler = scheduler
    this.#recorder = recorder
    this.#network = network
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve
    })
  }

  get state(): ProcessState {
    return this.#virtual.state
  }
  get error(): unknown {
    return this.#error
  }
  get leftBehind(): number {
    return this.#leftBehind
  }

  get waiting(): number {
    return this.#scheduler.waiting(this.#virtual)
  }

  start(main: () => Promise<void>): void {
    this.#recorder.line(this.name, 'spawn', '')
    this.#recorder.count('process.spawn', 1)
    this.#scheduler.startIn(this.#virtual, () => {
      main().then(
        () => this.#end('exited'),
        (cause: unknown) => this.crash(cause),
      )
    })
  }

  kill(): void {
    this.#end('killed')
  }

  pause(forMs: number): void {
    if (!this.#virtual.alive) return
    this.#recorder.line(this.name, 'pause', `${forMs}`)
    this.#recorder.count('process.pause', 1)
    this.#scheduler.pause(this.#virtual, forMs)
  }

  block(forMs: number): void {
    if (!this.#virtual.alive) return
    this.#recorder.line(this.name, 'block', `${forMs}`)
    this.#recorder.count('process.block', 1)
    this.#scheduler.blockNext(this.#virtual, forMs)
  }

  /** As `block`, for the callback that runs now. */
  busy(forMs: number): Promise<void> {
    this.#recorder.line(this.name, 'busy', `${forMs}`)
    this.#recorder.count('process.busy', 1)
    return new Promise((resolve) => {
      this.#scheduler.block(this.#virtual, forMs, resolve)
    })
  }

  disconnect(service: ServiceName, forMs: number, lost: LostWay = 'requests'): void {
    this.#recorder.line(this.name, 'disconnect', `${service} ${forMs} ${lost}`)
    this.#recorder.count(`process.disconnect.${service}.${lost}`, 1)
    this.#network.cut(this.name, service, forMs, lost)
  }

  stepClock(byMs: number): void {
    this.#recorder.line(this.name, 'step-clock', `${byMs}`)
    this.#recorder.count('process.step-clock', 1)
    this.#virtual.wallOffsetMs += byMs
  }

  /** Ends it as Node ends a process with an error that nobody caught. */
  crash(cause: unknown): void {
    if (!this.#virtual.alive) return
    this.#error = cause
    this.#recorder.violation('CRASH', `${this.name}: ${String(cause)}`, {
      process: this.name,
      error: cause,
    })
    this.#end('exited')
  }

  #end(how: 'exited' | 'killed'): void {
    if (!this.#virtual.alive) return
    this.#leftBehind = this.#scheduler.waiting(this.#virtual)
    this.#scheduler.stop(this.#virtual, how)
    const kind = how === 'killed' ? 'kill' : 'exit'
    this.#recorder.line(this.name, kind, '')
    this.#recorder.count(`process.${kind}`, 1)
    this.#resolveDone(how)
  }
}
