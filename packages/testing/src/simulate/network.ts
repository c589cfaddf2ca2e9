// Cost per call: three events, seven draws, the hash of input and output.
/** The way from a process to a service and back, with what may go wrong on it. */
import { type CallOptions, isServiceError, type Random } from '@millrace/core'
import type { CallOrigin } from '../dynamo/options.ts'
import type { VirtualProcess } from '../time/virtual-process.ts'
import type { VirtualScheduler } from '../time/virtual-scheduler.ts'
import {
  credentialsError,
  expiredIteratorError,
  failedError,
  garbledError,
  keyError,
  lookupError,
  resetError,
  throttledError,
} from './fault-errors.ts'
import {
  drawJourney,
  type Journey,
  type ServiceName,
  type SimulatedFaults,
  withoutFaults,
} from './faults.ts'
import { type Answer, PendingCall } from './pending-call.ts'
import type { Recorder } from './recorder.ts'

/** Share of the lost requests and replies that show as a reset rather than as silence. */
const RESET_SHARE = 0.25

/** Who calls: the process, and its own stream of chance for this service. */
export interface Caller {
  readonly process: VirtualProcess
  readonly service: ServiceName
  readonly random: Random
}

/** What gets lost of the calls of a process that is cut off one way. @public */
export type LostWay = 'requests' | 'replies'

/** Silence, never a reset. */
const SILENT = 1

/** A call that leaves its process. */
interface SentCall<T> {
  readonly number: number
  readonly caller: Caller
  readonly method: string
  readonly journey: Journey
  readonly apply: () => Promise<T>
}

export class SimulatedNetwork {
  readonly #scheduler: VirtualScheduler
  readonly #recorder: Recorder
  readonly #callTimeoutMs: number
  #faults: SimulatedFaults
  #lastCallId = 0
  /** Until when a process is cut off from a service, by `process/service/way`. */
  readonly #cutUntilMs = new Map<string, number>()
  /** Number of the youngest call that has arrived, by `process/service`. */
  readonly #youngestArrived = new Map<string, number>()

  constructor(
    scheduler: VirtualScheduler,
    recorder: Recorder,
    faults: SimulatedFaults,
    callTimeoutMs: number,
  ) {
    this.#scheduler = scheduler
    this.#recorder = recorder
    this.#faults = faults
    this.#callTimeoutMs = callTimeoutMs
  }

  get faults(): SimulatedFaults {
    return this.#faults
  }

  /** For the calls that start from now on. */
  setFaults(faults: SimulatedFaults): void {
    this.#faults = faults
    this.#recorder.line(undefined, 'faults', '', faults)
  }

  heal(): void {
    this.#faults = withoutFaults(this.#faults)
    this.#cutUntilMs.clear()
    this.#recorder.line(undefined, 'heal', '')
  }

  /** Lets no requests, or none of their replies, through for a while; what is on its way arrives. */
  cut(processName: string, service: ServiceName, forMs: number, lost: LostWay): void {
    const key = `${processName}/${service}/${lost}`
    const untilMs = this.#scheduler.elapsedMs + forMs
    this.#cutUntilMs.set(key, Math.max(untilMs, this.#cutUntilMs.get(key) ?? 0))
  }

  /** Who sends a call now, for the model to tell. */
  originOf({ process }: Caller): CallOrigin {
    return { process: process.name, sentMs: this.#scheduler.elapsedMs }
  }

  /** @param apply calls the model; it runs outside the process, which may be dead by then */
  call<T>(
    caller: Caller,
    method: string,
    input: unknown,
    options: CallOptions | undefined,
    apply: () => Promise<T>,
  ): Promise<T> {
    const { process, service } = caller
    // The dead neither send nor hear.
    if (!process.alive) return new Promise<T>(() => {})
    const number = ++this.#lastCallId
    const id = `#${number}`
    const journey = this.#journey(caller, method)
    this.#recorder.line(process.name, 'call', `${id} ${service}.${method}`, input)
    this.#recorder.count(`call.${service}.${method}`, 1)
    if (journey.fault !== undefined) {
      this.#recorder.line(process.name, 'fault', `${id} ${journey.fault}`)
      this.#recorder.count(`fault.${service}.${journey.fault}`, 1)
    }
    if (journey.isSlow) this.#recorder.count(`fault.${service}.delay`, 1)
    const pending = new PendingCall<T>(
      {
        id,
        method,
        process,
        timeoutMs: options?.timeoutMs ?? this.#callTimeoutMs,
        signal: options?.signal,
        replyMs: journey.replyMs,
      },
      this.#scheduler,
      this.#recorder,
    )
    if (pending.start()) this.#carry({ number, caller, method, journey, apply }, pending)
    return pending.promise
  }

  #journey({ process, service, random }: Caller, method: string): Journey {
    const journey = drawJourney(random, this.#faults, service, method)
    if (this.#cutUntilMs.size === 0) return journey
    const isCut = (lost: LostWay): boolean =>
      (this.#cutUntilMs.get(`${process.name}/${service}/${lost}`) ?? 0) > this.#scheduler.elapsedMs
    if (isCut('requests')) return { ...journey, fault: 'loseRequest' }
    return isCut('replies') ? { ...journey, fault: 'loseReply', variant: SILENT } : journey
  }

  /** Ways of different length let requests of one process overtake each other. */
  #arrived(number: number, { process, service }: Caller): void {
    const key = `${process.name}/${service}`
    const youngest = this.#youngestArrived.get(key) ?? 0
    if (number < youngest) this.#recorder.count(`fault.${service}.reorder`, 1)
    else this.#youngestArrived.set(key, number)
  }

  /** Brings the request to the model, or not, and hands back what the caller may see. */
  #carry<T>(sent: SentCall<T>, pending: PendingCall<T>): void {
    const { method, journey } = sent
    const { fault, variant } = journey
    const { service } = sent.caller
    const resets = variant < RESET_SHARE
    switch (fault) {
      case undefined:
        this.#arrive(sent, () => {
          void this.#applied(sent).then((answer) => pending.reply(answer))
        })
        return
      case 'throttle':
        this.#arrive(sent, () => pending.reply({ error: throttledError(service, method, variant) }))
        return
      case 'failBefore':
        this.#arrive(sent, () => pending.reply({ error: failedError(service, method, variant) }))
        return
      case 'expireIterator':
        this.#arrive(sent, () => pending.reply({ error: expiredIteratorError(method) }))
        return
      case 'failLookup':
        // Nothing leaves the process: only the way back counts.
        pending.reply({ error: lookupError(method) })
        return
      case 'expireCredentials':
        this.#arrive(sent, () => pending.reply({ error: credentialsError(method) }))
        return
      case 'refuseKey':
        this.#arrive(sent, () => pending.reply({ error: keyError(method, variant) }))
        return
      case 'garbleReply':
        this.#arrive(sent, () => {
          void this.#applied(sent).then(() => pending.reply({ error: garbledError(method) }))
        })
        return
      case 'failAfter':
        this.#arrive(sent, () => {
          void this.#applied(sent).then(() =>
            pending.reply({ error: failedError(service, method, variant) }),
          )
        })
        return
      case 'loseRequest':
        if (resets) this.#arrive(sent, () => pending.reply({ error: resetError(method) }))
        return
      case 'loseReply':
        this.#arrive(sent, () => {
          void this.#applied(sent).then(() => {
            if (resets) pending.reply({ error: resetError(method) })
          })
        })
        return
      default:
        fault satisfies never
    }
  }
  #arrive({ number, caller, journey }: SentCall<unknown>, run: () => void): void {
    this.#scheduler.scheduleOutside(journey.requestMs, () => {
      this.#arrived(number, caller)
      run()
    })
  }

  async #applied<T>({ number, caller, method, apply }: SentCall<T>): Promise<Answer<T>> {
    this.#recorder.line(caller.process.name, 'apply', `#${number}`)
    try {
      return { value: await apply() }
    } catch (error) {
      if (!isServiceError(error)) {
        this.#recorder.violation('MODEL', `${caller.service}.${method} broke: ${String(error)}`)
      }
      return { error }
    }
  }
}
