/** All that a programme can see and do: services, processes, faults, notes and verdicts. */
import { InvalidOptionError, type Random } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { SimulatedDynamo } from '../dynamo/simulated-dynamo.ts'
import type { SimulatedKinesis } from '../kinesis/simulated-kinesis.ts'
import { processContext, type VirtualProcess } from '../time/virtual-process.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import { checkFaults, type SimulatedFaults } from './faults.ts'
import type { SimulatedNetwork } from './network.ts'
import type { Recorder } from './recorder.ts'
import { networkedDynamo, networkedKinesis } from './simulated-ports.ts'
import {
  type ProcessHandle,
  type SimulatedProcess,
  SimulatedProcessHandle,
} from './simulated-process.ts'

/** @public */
export interface SpawnOptions {
  /** How far its wall clock is off, in milliseconds; default 0. */
  readonly clockOffsetMs?: number | undefined
  /** Local milliseconds per true one, for all its clocks and timers; default 1. */
  readonly clockRate?: number | undefined
}

/** @public */
export interface WaitOptions {
  /** Virtual milliseconds after which the wait ends with false. */
  readonly timeoutMs: number
  /** Virtual milliseconds between two looks; default 100. */
  readonly everyMs?: number | undefined
}

const LOOK_EVERY_MS = 100

/** What a programme acts on. Its own calls to the models meet no network and no fault. @public */
export class SimulatedWorld {
  readonly kinesis: SimulatedKinesis
  readonly dynamo: SimulatedDynamo
  readonly #time: VirtualTime
  readonly #recorder: Recorder
  readonly #network: SimulatedNetwork
  readonly #randoms = new Map<string, Random>()
  readonly #handles = new Map<string, SimulatedProcessHandle>()
  readonly #incarnations = new Map<string, number>()

  /** @internal */
  constructor(
    models: { readonly kinesis: SimulatedKinesis; readonly dynamo: SimulatedDynamo },
    time: VirtualTime,
    recorder: Recorder,
    network: SimulatedNetwork,
  ) {
    this.kinesis = models.kinesis
    this.dynamo = models.dynamo
    this.#time = time
    this.#recorder = recorder
    this.#network = network
  }

  /** Virtual milliseconds since the start, by the true clock. */
  nowMs(): number {
    return this.#time.elapsedMs()
  }

  sleep(ms: number): Promise<void> {
    return sleep(ms)
  }

  /** Waits for a condition; false when the time is up first. */
  async until(
    condition: () => boolean | Promise<boolean>,
    { timeoutMs, everyMs = LOOK_EVERY_MS }: WaitOptions,
  ): Promise<boolean> {
    const endMs = this.nowMs() + timeoutMs
    for (;;) {
      if (await condition()) return true
      const leftMs = endMs - this.nowMs()
      if (leftMs <= 0) return false
      await sleep(Math.min(everyMs, leftMs))
    }
  }

  /** The stream of chance of a site: its draws do not depend on those of any other site. */
  random(site: string): Random {
    const key = `programme/${site}`
    const random = this.#randoms.get(key) ?? this.#time.random(key)
    this.#randoms.set(key, random)
    return random
  }

  /**
   * Starts a process. A name may be used again once its former owner has ended.
   *
   * @throws InvalidOptionError when a process of this name is alive
   */
  spawn(
    name: string,
    main: (process: SimulatedProcess) => Promise<void>,
    options: SpawnOptions = {},
  ): ProcessHandle {
    const former = this.#handles.get(name)
    if (former !== undefined && former.state !== 'killed' && former.state !== 'exited') {
      throw new InvalidOptionError(
        'name',
        `The process ${name} is ${former.state}`,
        'Kill it first, or use another name.',
      )
    }
    const incarnation = (this.#incarnations.get(name) ?? 0) + 1
    this.#incarnations.set(name, incarnation)
    if (incarnation > 1) this.#recorder.count('process.same-name', 1)
    const site = `process/${name}/${incarnation}`
    const random = (purpose: string): Random => this.#time.random(`${site}/${purpose}`)

    const { scheduler } = this.#time
    const virtual = scheduler.createProcess(name, site, options.clockRate)
    virtual.wallOffsetMs = options.clockOffsetMs ?? 0
    if (virtual.wallOffsetMs !== 0) this.#recorder.count('process.clock-offset', 1)
    if (virtual.clockRate !== 1) this.#recorder.count('process.clock-rate', 1)
    const process: SimulatedProcess = {
      name,
      kinesis: networkedKinesis(this.#network, virtual, random('kinesis'), this.kinesis),
      dynamo: networkedDynamo(this.#network, virtual, random('dynamo'), this.dynamo),
      random: random('main'),
      busy: (forMs) => handle.busy(forMs),
    }
    const handle = new SimulatedProcessHandle(virtual, scheduler, this.#recorder, this.#network)
    this.#handles.set(name, handle)
    handle.start(() => main(process))
    return handle
  }

  /** Puts something that happened into the trace. */
  note(kind: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#recorder.line(processContext.getStore()?.name, 'note', kind, fields)
  }

  /** Says that a rule did not hold; the run goes on. */
  violation(rule: string, message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#recorder.violation(rule, message, fields)
  }

  /** Adds to a count of the result; `sometimes` markers are counts. */
  count(name: string, by = 1): void {
    this.#recorder.count(name, by)
  }

  /** What has been counted under this name so far: a programme's own count, or the simulator's. */
  counted(name: string): number {
    return this.#recorder.counted(name)
  }

  /** Replaces the faults for the calls that start from now on. @throws InvalidOptionError */
  setFaults(faults: SimulatedFaults): void {
    checkFaults(faults)
    this.#network.setFaults(faults)
  }

  /** All faults stop from now on; usual latency stays. Paused processes wake in their time. */
  heal(): void {
    this.#network.heal()
  }

  /** What nobody caught: it ends the process where it happened. @internal */
  fail(cause: unknown, owner: VirtualProcess | undefined): void {
    const handle = owner === undefined ? undefined : this.#handles.get(owner.name)
    if (handle !== undefined) handle.crash(cause)
    else this.#recorder.violation('CRASH', `programme: ${String(cause)}`, { error: cause })
  }
}
