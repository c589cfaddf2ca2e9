/**
 * The lease table's port as a worker uses it: a denied call says which action the policy lacks, and
 * one that stays denied is told once. At the start waiting cannot help; a policy that is taken away
 * from a running worker may be on its way back, and must not end a whole fleet meanwhile.
 */
import { setMaxListeners } from 'node:events'
import {
  AbortedError,
  type CallOptions,
  type DynamoPort,
  type dynamo,
  isServiceError,
} from '@millrace/core'
import { monotonicMs } from '@millrace/core/internal'
import type { SetupWatch } from '../setup/setup-watch.ts'
import { dynamoAction, isPolicyLack, namedLack, type PolicyCall } from './policy-lack.ts'

/** A policy takes moments to reach every server of the service: one denial proves little. */
const LASTING_DENIALS = 3
/** For an action that was never allowed, while a worker starts. */
const AT_START_MS = 3000
/** Calls that a start does not wait for are made by the loops that it sets going. */
const START_GOES_ON_MS = 30_000
/** At run time, milliseconds; twice F where that is longer. */
const AT_RUN_TIME_MS = 30_000

/** Without these a worker still serves its shards. */
const OPTIONAL: ReadonlySet<keyof DynamoPort> = new Set([
  'deleteItem',
  'describeTable',
  'updateContinuousBackups',
])

export interface PolicyWatchOptions {
  readonly failoverTimeMs: number
  /** A mandatory call is denied again and again, and was not allowed in between. */
  readonly onLasting: (cause: unknown) => void
  /** Told of mandatory calls that are refused, and of those that are not. */
  readonly setup: Pick<SetupWatch, 'worked' | 'failed'>
}

interface Denials {
  readonly sinceMs: number
  readonly count: number
}

export class PolicyWatch implements DynamoPort {
  readonly #port: DynamoPort
  readonly #options: PolicyWatchOptions
  readonly #denials = new Map<keyof DynamoPort, Denials>()
  readonly #everAllowed = new Set<keyof DynamoPort>()
  #startEndsMs = Number.POSITIVE_INFINITY
  readonly #over = new AbortController()
  readonly updateContinuousBackups?: NonNullable<DynamoPort['updateContinuousBackups']>

  constructor(port: DynamoPort, options: PolicyWatchOptions) {
    this.#port = port
    this.#options = options
    // Every call under way waits on it: far more than Node's ten.
    setMaxListeners(0, this.#over.signal)
    if (port.updateContinuousBackups !== undefined) {
      this.updateContinuousBackups = (input, options) =>
        this.#watched({ operation: 'updateContinuousBackups', input }, options, (until) =>
          port.updateContinuousBackups?.(input, until),
        )
    }
  }

  /** The worker runs: from now on, bar what it does for the first time, patience is longer. */
  started(): void {
    this.#startEndsMs = monotonicMs() + START_GOES_ON_MS
  }

  /** The worker is gone: no call of it outlives this (S21), bar those that have a signal of their own. */
  end(): void {
    this.#over.abort(new AbortedError('A call of a worker that is gone'))
  }

  getItem(input: dynamo.GetItemInput, options?: CallOptions): Promise<dynamo.GetItemOutput> {
    return this.#watched({ operation: 'getItem', input }, options, (until) =>
      this.#port.getItem(input, until),
    )
  }
  putItem(input: dynamo.PutItemInput, options?: CallOptions): Promise<void> {
    return this.#watched({ operation: 'putItem', input }, options, (until) =>
      this.#port.putItem(input, until),
    )
  }
  updateItem(
    input: dynamo.UpdateItemInput,
    options?: CallOptions,
  ): Promise<dynamo.UpdateItemOutput> {
    return this.#watched({ operation: 'updateItem', input }, options, (until) =>
      this.#port.updateItem(input, until),
    )
  }
  deleteItem(input: dynamo.DeleteItemInput, options?: CallOptions): Promise<void> {
    return this.#watched({ operation: 'deleteItem', input }, options, (until) =>
      this.#port.deleteItem(input, until),
    )
  }
  query(input: dynamo.QueryInput, options?: CallOptions): Promise<dynamo.ItemsPage> {
    return this.#watched({ operation: 'query', input }, options, (until) =>
      this.#port.query(input, until),
    )
  }
  scan(input: dynamo.ScanInput, options?: CallOptions): Promise<dynamo.ItemsPage> {
    return this.#watched({ operation: 'scan', input }, options, (until) =>
      this.#port.scan(input, until),
    )
  }
  createTable(input: dynamo.CreateTableInput, options?: CallOptions): Promise<dynamo.TableOutput> {
    return this.#watched({ operation: 'createTable', input }, options, (until) =>
      this.#port.createTable(input, until),
    )
  }
  updateTable(input: dynamo.UpdateTableInput, options?: CallOptions): Promise<dynamo.TableOutput> {
    return this.#watched({ operation: 'updateTable', input }, options, (until) =>
      this.#port.updateTable(input, until),
    )
  }
  describeTable(
    input: { readonly TableName: string },
    options?: CallOptions,
  ): Promise<dynamo.TableOutput> {
    return this.#watched({ operation: 'describeTable', input }, options, (until) =>
      this.#port.describeTable(input, until),
    )
  }

  async #watched<T>(
    call: PolicyCall,
    options: CallOptions | undefined,
    send: (until: CallOptions) => Promise<T> | undefined,
  ): Promise<T> {
    try {
      const output = (await send({ ...options, signal: options?.signal ?? this.#over.signal })) as T
      this.#allowed(call.operation)
      return output
    } catch (cause) {
      const named = namedLack(cause, call)
      if (!OPTIONAL.has(call.operation)) {
        this.#options.setup.failed(dynamoAction(call.operation), named)
      }
      if (isPolicyLack(named)) this.#denied(call.operation, named)
      // The policy has let that one through.
      else if (isServiceError(cause) && cause.kind === 'condition-failed') {
        this.#allowed(call.operation)
      }
      throw named
    }
  }

  #allowed(operation: keyof DynamoPort): void {
    this.#denials.delete(operation)
    this.#everAllowed.add(operation)
    this.#options.setup.worked(dynamoAction(operation))
  }

  #patienceMs(operation: keyof DynamoPort, nowMs: number): number {
    const isAtStart = nowMs < this.#startEndsMs && !this.#everAllowed.has(operation)
    return isAtStart ? AT_START_MS : Math.max(AT_RUN_TIME_MS, 2 * this.#options.failoverTimeMs)
  }

  #denied(operation: keyof DynamoPort, cause: unknown): void {
    if (OPTIONAL.has(operation)) return
    const nowMs = monotonicMs()
    const before = this.#denials.get(operation) ?? { sinceMs: nowMs, count: 0 }
    const now = { sinceMs: before.sinceMs, count: before.count + 1 }
    this.#denials.set(operation, now)
    const stoodMs = nowMs - now.sinceMs
    if (now.count < LASTING_DENIALS || stoodMs < this.#patienceMs(operation, nowMs)) return
    this.#denials.delete(operation)
    this.#options.onLasting(cause)
  }
}
