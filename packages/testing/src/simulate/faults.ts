/** Faults as data, and the decision which of them a call meets. */
import { type DynamoPort, InvalidOptionError, type KinesisPort, type Random } from '@millrace/core'

/** Probabilities per call, each from 0 to 1 and together at most 1; left out, 0. @public */
export interface FaultRates {
  /** Refused over a rate limit; not applied. */
  readonly throttle?: number | undefined
  /** The service fails; not applied. */
  readonly failBefore?: number | undefined
  /** The service fails after it applied the call. */
  readonly failAfter?: number | undefined
  /** The request never arrives: the caller sees a time-out or a reset. */
  readonly loseRequest?: number | undefined
  /** The call is applied, its reply never arrives: the caller sees a time-out or a reset. */
  readonly loseReply?: number | undefined
  /** GetRecords only: the iterator has expired. */
  readonly expireIterator?: number | undefined
  /** The name of the service cannot be looked up: the call fails fast, nothing is sent. */
  readonly failLookup?: number | undefined
  /** The caller's credentials have expired; not applied. */
  readonly expireCredentials?: number | undefined
  /** GetRecords and PutRecords only: the stream's key cannot be used now; not applied. */
  readonly refuseKey?: number | undefined
  /** The call is applied, its reply breaks off in the middle. */
  readonly garbleReply?: number | undefined
}

/** @public */
export interface ServiceFaults<Port> extends FaultRates {
  /** A brown-out: every way takes so many times as long; default 1. */
  readonly latencyFactor?: number | undefined
  /** Rates of single methods; a rate given here replaces the service's. */
  readonly operations?: { readonly [Method in keyof Port]?: FaultRates | undefined } | undefined
}

/** What goes wrong between processes and services, and how long the way is. @public */
export interface SimulatedFaults {
  /** One way, uniform, in virtual milliseconds. Not a fault: `heal()` leaves it. */
  readonly latencyMs: { readonly min: number; readonly max: number }
  /** Some ways take up to `maxMs` instead. */
  readonly tail?: { readonly probability: number; readonly maxMs: number } | undefined
  readonly kinesis?: ServiceFaults<KinesisPort> | undefined
  readonly dynamo?: ServiceFaults<DynamoPort> | undefined
  /** How far index reads and eventually consistent reads may lag at most; default 0. */
  readonly indexLagMs?: number | undefined
}

export type ServiceName = 'kinesis' | 'dynamo'
export type FaultName = keyof FaultRates

/** In order of the draw; to append is safe, to reorder changes what every seed does. */
const FAULT_NAMES: readonly FaultName[] = [
  'throttle',
  'failBefore',
  'failAfter',
  'loseRequest',
  'loseReply',
  'expireIterator',
  'failLookup',
  'expireCredentials',
  'refuseKey',
  'garbleReply',
]

/** Faults that only some methods can meet. */
const ONLY: { readonly [Name in FaultName]?: readonly string[] } = {
  expireIterator: ['getRecords'],
  refuseKey: ['getRecords', 'putRecords'],
}

/** Everything that chance decides about one call. */
export interface Journey {
  readonly requestMs: number
  readonly replyMs: number
  readonly fault: FaultName | undefined
  /** One way or the other takes far longer than usual. */
  readonly isSlow: boolean
  /** Uniform in [0, 1): which face the fault shows. */
  readonly variant: number
}

/**
 * Draws the same number of times whatever the rates are, so that a change of faults leaves the
 * later draws of the stream as they were.
 */
export function drawJourney(
  random: Random,
  faults: SimulatedFaults,
  service: ServiceName,
  method: string,
): Journey {
  const there = drawWay(faults, random.next(), random.next(), random.next())
  const back = drawWay(faults, random.next(), random.next(), random.next())
  const fault = faultOf(faults[service], method, random.next())
  const factor = faults[service]?.latencyFactor ?? 1
  return {
    requestMs: toMicroseconds(there.ms * factor),
    replyMs: toMicroseconds(back.ms * factor),
    fault,
    isSlow: there.isSlow || back.isSlow,
    variant: random.next(),
  }
}

function drawWay(
  faults: SimulatedFaults,
  usual: number,
  tailDraw: number,
  tail: number,
): { readonly ms: number; readonly isSlow: boolean } {
  const { min, max } = faults.latencyMs
  const isSlow = faults.tail !== undefined && tailDraw < faults.tail.probability
  const ms = isSlow ? max + tail * ((faults.tail?.maxMs ?? max) - max) : min + usual * (max - min)
  return { ms, isSlow }
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

function faultOf(
  faults: ServiceFaults<KinesisPort> | ServiceFaults<DynamoPort> | undefined,
  method: string,
  draw: number,
): FaultName | undefined {
  if (faults === undefined) return undefined
  const ofMethod = (faults.operations as Record<string, FaultRates> | undefined)?.[method]
  let below = 0
  for (const name of FAULT_NAMES) {
    if (ONLY[name]?.includes(method) === false) continue
    below += ofMethod?.[name] ?? faults[name] ?? 0
    if (draw < below) return name
  }
  return undefined
}

/** The same ways, with nothing going wrong on them. */
export function withoutFaults(faults: SimulatedFaults): SimulatedFaults {
  return { latencyMs: faults.latencyMs }
}

/** @throws InvalidOptionError */
export function checkFaults(faults: SimulatedFaults): void {
  const { latencyMs, tail } = faults
  if (!(latencyMs.min >= 0 && latencyMs.max >= latencyMs.min && Number.isFinite(latencyMs.max))) {
    refuse('faults.latencyMs', `${latencyMs.min} to ${latencyMs.max}`, 'Use 0 <= min <= max.')
  }
  if (tail !== undefined) {
    checkSum('faults.tail.probability', { throttle: tail.probability })
    if (!(tail.maxMs >= latencyMs.max && Number.isFinite(tail.maxMs))) {
      refuse('faults.tail.maxMs', tail.maxMs, 'Use at least latencyMs.max.')
    }
  }
  for (const service of ['kinesis', 'dynamo'] as const) {
    const { operations, latencyFactor = 1, ...rates } = faults[service] ?? {}
    if (!(latencyFactor >= 1 && Number.isFinite(latencyFactor))) {
      refuse(`faults.${service}.latencyFactor`, latencyFactor, 'Use 1 or more.')
    }
    checkSum(`faults.${service}`, rates)
    for (const [method, own] of Object.entries(operations ?? {})) {
      checkSum(`faults.${service}.operations.${method}`, { ...rates, ...own })
    }
  }
}

function checkSum(path: string, rates: FaultRates): void {
  let sum = 0
  for (const rate of Object.values(rates)) {
    const value = rate ?? 0
    if (!(value >= 0 && value <= 1)) refuse(path, value, 'Use probabilities from 0 to 1.')
    sum += value
  }
  // A little over 1 is how floating point adds tenths.
  if (sum > 1 + 1e-9) refuse(path, sum, 'The probabilities of one call may add up to 1 at most.')
}

function refuse(path: string, value: unknown, hint: string): never {
  throw new InvalidOptionError(path, `${path} is ${String(value)}`, hint)
}
