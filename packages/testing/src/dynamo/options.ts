/** Options of the simulated DynamoDB: what the user writes, checked once. */
import { type CallOptions, type dynamo, InvalidOptionError } from '@millrace/core'
import { flag, integer, nowMs, type OptionRule, resolveOptions } from '@millrace/core/internal'

/** Which process of a simulation sent a call, and when. @public */
export interface CallOrigin {
  readonly process: string
  /** Virtual milliseconds since the start. */
  readonly sentMs: number
}

/** What `onWrite` is told of each write that was applied. Copies: keep them, change them. @public */
export interface AppliedWrite {
  readonly tableName: string
  readonly key: dynamo.Item
  /** The row before; absent: there was none. */
  readonly before: dynamo.Item | undefined
  /** The row after; absent: it was deleted. */
  readonly after: dynamo.Item | undefined
  readonly operation: 'PutItem' | 'UpdateItem' | 'DeleteItem'
  /** Absent for a call that did not come from a simulated process. */
  readonly origin?: CallOrigin | undefined
}

/** @internal */
export interface OriginatedCallOptions extends CallOptions {
  readonly origin?: CallOrigin | undefined
}

/** @public */
export interface SimulatedDynamoOptions {
  /**
   * Asked for each row of an index that a write moves: after how many milliseconds readers of the
   * index see it. @default () => 0
   */
  readonly indexLagMs?: (() => number) | undefined
  /**
   * Asked for each write: after how many milliseconds eventually consistent reads of the table see
   * it. Strongly consistent reads see it at once. @default () => 0
   */
  readonly readLagMs?: (() => number) | undefined
  /** How long a table is CREATING, and UPDATING with its index CREATING, in ms. @default 0 */
  readonly statusChangeMs?: number | undefined
  /** False: like dynalite, a failed condition does not return the old item. @default true */
  readonly returnsOldItemOnFailedCondition?: boolean | undefined
  /**
   * The service's clock, epoch milliseconds. A simulator whose workers have skewed clocks passes
   * the true one. @default core/time, hence virtual time when that is beneath
   */
  readonly nowMs?: (() => number) | undefined
  /**
   * Called synchronously for every applied write, in their order, also for one that changes
   * nothing. It must not throw.
   */
  readonly onWrite?: ((write: AppliedWrite) => void) | undefined
}

export interface ResolvedSimulatedDynamoOptions {
  readonly indexLagMs: () => number
  readonly readLagMs: (() => number) | undefined
  readonly statusChangeMs: number
  readonly returnsOldItemOnFailedCondition: boolean
  readonly nowMs: () => number
  readonly onWrite: ((write: AppliedWrite) => void) | undefined
}

const DAY_MS = 86_400_000

/** @throws InvalidOptionError */
export function resolveSimulatedDynamoOptions(given: unknown): ResolvedSimulatedDynamoOptions {
  return resolveOptions<ResolvedSimulatedDynamoOptions>('', given, {
    indexLagMs: callback<() => number>(() => 0),
    readLagMs: callback<(() => number) | undefined>(undefined),
    statusChangeMs: integer({ default: 0, min: 0, max: DAY_MS }),
    returnsOldItemOnFailedCondition: flag(true),
    nowMs: callback<() => number>(nowMs),
    onWrite: callback<((write: AppliedWrite) => void) | undefined>(undefined),
  })
}

function callback<F>(byDefault: F): OptionRule<F> {
  return (path, value) => {
    if (value === undefined) return byDefault
    if (typeof value === 'function') return value as F
    throw new InvalidOptionError(path, `${path} is not a function`, `Pass a function for ${path}.`)
  }
}
