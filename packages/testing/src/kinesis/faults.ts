/** Faults that tests inject: which one a call meets. No I/O here; the call acts on the answer. */
import {
  InvalidOptionError,
  type KinesisAdminPort,
  type KinesisPort,
  type ServiceError,
} from '@millrace/core'
import { checkName } from '../known-name.ts'

/** A method of the simulated Kinesis that a fault can hit. @public */
export type SimulatedOperation = keyof KinesisPort | keyof KinesisAdminPort

/**
 * - `throttle`: `ProvisionedThroughputExceededException`
 * - `fail`: `error`, or `InternalFailure`; nothing is applied
 * - `delay`: the answer (or with `delayed: 'request'` the request) is on the way for `delayMs`
 * - `lose-reply`: the call is applied, then rejects with kind `network`
 * - `expire-iterators`: every iterator issued so far is expired from now on (`times` has no part)
 * - `empty-page`: GetRecords answers no records and an iterator to the same place
 * - `null-iterator`: GetRecords answers no next iterator although the shard is open
 *
 * On putRecords a `throttle` or `fail` with a `shardId` fails the entries of that shard only.
 * @public
 */
export type FaultKind =
  | 'throttle'
  | 'fail'
  | 'delay'
  | 'lose-reply'
  | 'expire-iterators'
  | 'empty-page'
  | 'null-iterator'

/** @public */
export interface Fault {
  readonly operation: SimulatedOperation
  readonly kind: FaultKind
  /** How many calls it hits; `Infinity` lasts until `clear()`. @default 1 */
  readonly times?: number | undefined
  /** Only calls of this stream. @default any */
  readonly streamName?: string | undefined
  /** Only calls that touch this shard. @default any */
  readonly shardId?: string | undefined
  /** Of `delay`, milliseconds; `Infinity` never answers. @default 1000 */
  readonly delayMs?: number | undefined
  /**
   * Of `delay`: whether the service applies the call at once and answers late, or gets it late.
   * Either way a caller that gives up does not undo it. @default 'reply'
   */
  readonly delayed?: 'reply' | 'request' | undefined
  /** Of `fail`: what the call rejects with. @default InternalFailure */
  readonly error?: ServiceError | undefined
}

/** @public */
export interface FaultHandle {
  /** Ends the fault. */
  clear(): void
}

/** What a call touches; asked for only when a fault needs it. */
export interface CallScope {
  readonly streamName: string | undefined
  readonly shardIds: ReadonlySet<string>
}

interface ActiveFault {
  readonly fault: Fault
  timesLeft: number
}

interface Expiry {
  readonly fault: Fault
  readonly lastIssue: number
}

const READ_KINDS: ReadonlySet<FaultKind> = new Set([
  'expire-iterators',
  'empty-page',
  'null-iterator',
])

export class FaultBook {
  #active: readonly ActiveFault[] = []
  #expiries: readonly Expiry[] = []

  /**
   * @param lastIssue number of the last iterator issued
   * @throws InvalidOptionError
   */
  inject(fault: Fault, lastIssue: number): FaultHandle {
    checkFault(fault)
    if (fault.kind === 'expire-iterators') {
      const expiry = { fault, lastIssue }
      this.#expiries = [...this.#expiries, expiry]
      return {
        clear: () => {
          this.#expiries = this.#expiries.filter((other) => other !== expiry)
        },
      }
    }
    const active = { fault, timesLeft: fault.times ?? 1 }
    this.#active = [...this.#active, active]
    return { clear: () => this.#remove(active) }
  }

  /** The oldest fault that the call meets; meeting it counts. */
  take(operation: SimulatedOperation, scopeOf: () => CallScope): Fault | undefined {
    let scope: CallScope | undefined
    for (const active of this.#active) {
      const { fault } = active
      if (fault.operation !== operation) continue
      if (fault.streamName !== undefined || fault.shardId !== undefined) {
        scope ??= scopeOf()
        if (!matches(fault, scope)) continue
      }
      active.timesLeft--
      if (active.timesLeft <= 0) this.#remove(active)
      return fault
    }
    return undefined
  }

  hasExpired(streamName: string, shardId: string, issue: number): boolean {
    return this.#expiries.some(
      ({ fault, lastIssue }) =>
        issue <= lastIssue && matches(fault, { streamName, shardIds: new Set([shardId]) }),
    )
  }

  #remove(active: ActiveFault): void {
    this.#active = this.#active.filter((other) => other !== active)
  }
}

function matches(fault: Fault, scope: CallScope): boolean {
  return (
    (fault.streamName === undefined || fault.streamName === scope.streamName) &&
    (fault.shardId === undefined || scope.shardIds.has(fault.shardId))
  )
}

/** Spelt wrong, a fault would never be met and its test would prove nothing. */
const OPERATIONS: readonly SimulatedOperation[] = [
  'putRecords',
  'getRecords',
  'getShardIterator',
  'listShards',
  'describeStreamSummary',
  'createStream',
  'deleteStream',
  'splitShard',
  'mergeShards',
  'putRecord',
]
const KINDS: readonly FaultKind[] = [
  'throttle',
  'fail',
  'delay',
  'lose-reply',
  'expire-iterators',
  'empty-page',
  'null-iterator',
]

function checkFault(fault: Fault): void {
  checkName('operation', fault.operation, OPERATIONS)
  checkName('kind', fault.kind, KINDS)
  const times = fault.times ?? 1
  if (!(times >= 1)) {
    throw new InvalidOptionError('times', `times is ${times}`, 'Use 1 or more.')
  }
  const delayMs = fault.delayMs ?? 0
  if (!(delayMs >= 0)) {
    throw new InvalidOptionError('delayMs', `delayMs is ${delayMs}`, 'Use 0 or more.')
  }
  if (READ_KINDS.has(fault.kind) && fault.operation !== 'getRecords') {
    throw new InvalidOptionError(
      'kind',
      `kind is "${fault.kind}" for ${fault.operation}`,
      `"${fault.kind}" is a fault of getRecords.`,
    )
  }
}
