/** Runs a programme of processes, services and faults as one repeatable history. */
import type { Random } from '@millrace/core'
import type { SimulatedDynamoOptions } from '../dynamo/options.ts'
import { SimulatedDynamo } from '../dynamo/simulated-dynamo.ts'
import type { SimulatedKinesisOptions } from '../kinesis/options.ts'
import { SimulatedKinesis } from '../kinesis/simulated-kinesis.ts'
import { VirtualTime } from '../time/virtual-time.ts'
import { VirtualTimeError, type VirtualTimeFailure } from '../time/virtual-time-error.ts'
import { checkFaults, type SimulatedFaults } from './faults.ts'
import { SimulatedNetwork } from './network.ts'
import { Recorder, type Violation } from './recorder.ts'
import { Trace } from './trace.ts'
import { SimulatedWorld } from './world.ts'

/** @public */
export interface SimulateOptions {
  /** Decides every choice of chance. Equal seed, code and options give an equal `traceHash`. */
  readonly seed: number
  readonly faults: SimulatedFaults
  /** The history: it sets up, spawns, disturbs, heals and judges. It ends when this settles. */
  readonly programme: (world: SimulatedWorld) => Promise<void>
  /** Past it the run ends with the violation `TIME_LIMIT`; default 24 hours. */
  readonly maxVirtualMs?: number | undefined
  /** Deadline of a call that names none, in virtual milliseconds; default 6,000 as in KPL. */
  readonly callTimeoutMs?: number | undefined
  /** Further options of the Kinesis model. */
  readonly kinesis?: Omit<SimulatedKinesisOptions, 'random' | 'nowMs'> | undefined
  /** Further options of the DynamoDB model; its lag is `faults.indexLagMs`. */
  readonly dynamo?: Omit<SimulatedDynamoOptions, 'nowMs' | 'indexLagMs' | 'readLagMs'> | undefined
  /** Called with each line of the trace, as it happens. */
  readonly trace?: ((line: string) => void) | undefined
}

/** @public */
export interface SimulationResult {
  /** SHA-256 of all that happened, payloads included. */
  readonly traceHash: string
  /**
   * Those of the programme's rules, and of the simulator's: `CRASH`, `MODEL`, `DEADLOCK`,
   * `TIME_LIMIT`, `STANDSTILL`.
   */
  readonly violations: readonly Violation[]
  readonly counts: Readonly<Record<string, number>>
  readonly virtualMs: number
  readonly events: number
}

const CALL_TIMEOUT_MS = 6000

const RULES: Readonly<Record<Exclude<VirtualTimeFailure, 'nested' | 'not-met'>, string>> = {
  deadlock: 'DEADLOCK',
  'time-limit': 'TIME_LIMIT',
  standstill: 'STANDSTILL',
}

/**
 * Same seed, same history, to the byte. What goes wrong inside becomes a violation; nothing but
 * wrong use rejects.
 *
 * @throws InvalidOptionError
 * @throws VirtualTimeError when a simulation, or other virtual time, runs already
 *
 * @public
 */
export async function simulate(options: SimulateOptions): Promise<SimulationResult> {
  checkFaults(options.faults)
  const time = new VirtualTime({ seed: options.seed })
  const recorder = new Recorder(new Trace(options.trace), () => time.elapsedMs())
  const network = new SimulatedNetwork(
    time.scheduler,
    recorder,
    options.faults,
    options.callTimeoutMs ?? CALL_TIMEOUT_MS,
  )
  const random = (site: string): Random => time.random(`model/${site}`)
  const kinesis = new SimulatedKinesis({
    ...options.kinesis,
    random: random('kinesis'),
    nowMs: () => time.nowMs(),
  })
  const dynamoRandom = random('dynamo')
  // Asked for each write, so that heal() and setFaults() change it; what counts is a write that is
  // seen late, whether or not anybody reads meanwhile.
  const lag =
    (fault: 'indexLag' | 'replicaLag'): (() => number) =>
    () => {
      const lagMs = dynamoRandom.next() * (network.faults.indexLagMs ?? 0)
      if (lagMs > 0) recorder.count(`fault.dynamo.${fault}`, 1)
      return lagMs
    }
  const dynamo = new SimulatedDynamo({
    ...options.dynamo,
    nowMs: () => time.nowMs(),
    indexLagMs: lag('indexLag'),
    readLagMs: lag('replicaLag'),
  })
  const world = new SimulatedWorld({ kinesis, dynamo }, time, recorder, network)
  try {
    await time.run(() => options.programme(world), {
      maxVirtualMs: options.maxVirtualMs,
      onFailure: (cause, owner) => world.fail(cause, owner),
    })
  } catch (cause) {
    if (!(cause instanceof VirtualTimeError) || cause.failure === 'not-met') {
      world.fail(cause, undefined)
    } else if (cause.failure === 'nested') throw cause
    else recorder.violation(RULES[cause.failure], cause.message)
  }
  recorder.line(undefined, 'end', `${time.scheduler.events}`)
  return {
    traceHash: recorder.trace.digest(),
    violations: recorder.violations,
    counts: recorder.counts(),
    virtualMs: time.elapsedMs(),
    events: time.scheduler.events,
  }
}
