/**
 * The lease table's port as a worker uses it: a denied call says which action the policy lacks, and
 * one that stays denied is told once, because waiting cannot help.
 */
import { type CallOptions, type DynamoPort, type dynamo, isServiceError } from '@millrace/core'
import { monotonicMs } from '@millrace/core/internal'
import { isPolicyLack, namedLack, type PolicyCall } from './policy-lack.ts'

/** A policy takes moments to reach every server of the service: one denial proves little. */
const LASTING_DENIALS = 3
const LASTING_MS = 3000

/** Without these a worker still serves its shards. */
const OPTIONAL: ReadonlySet<keyof DynamoPort> = new Set([
  'deleteItem',
  'describeTable',
  'updateContinuousBackups',
])

interface Denials {
  readonly sinceMs: number
  readonly count: number
}

export class PolicyWatch implements DynamoPort {
  readonly #port: DynamoPort
  readonly #onLasting: (cause: unknown) => void
  readonly #denials = new Map<keyof DynamoPort, Denials>()
  readonly updateContinuousBackups?: NonNullable<DynamoPort['updateContinuousBackups']>

  /** @param onLasting a mandatory call is denied again and again, and was not allowed in between */
  constructor(port: DynamoPort, onLasting: (cause: unknown) => void) {
    this.#port = port
    this.#onLasting = onLasting
    if (port.updateContinuousBackups !== undefined) {
      this.updateContinuousBackups = (input, options) =>
        this.#watched({ operation: 'updateContinuousBackups', input }, () =>
          port.updateContinuousBackups?.(input, options),
        )
    }
  }

  getItem(input: dynamo.GetItemInput, options?: CallOptions): Promise<dynamo.GetItemOutput> {
    return this.#watched({ operation: 'getItem', input }, () => this.#port.getItem(input, options))
  }
  putItem(input: dynamo.PutItemInput, options?: CallOptions): Promise<void> {
    return this.#watched({ operation: 'putItem', input }, () => this.#port.putItem(input, options))
  }
  updateItem(
    input: dynamo.UpdateItemInput,
    options?: CallOptions,
  ): Promise<dynamo.UpdateItemOutput> {
    return this.#watched({ operation: 'updateItem', input }, () =>
      this.#port.updateItem(input, options),
    )
  }
  deleteItem(input: dynamo.DeleteItemInput, options?: CallOptions): Promise<void> {
    return this.#watched({ operation: 'deleteItem', input }, () =>
      this.#port.deleteItem(input, options),
    )
  }
  query(input: dynamo.QueryInput, options?: CallOptions): Promise<dynamo.ItemsPage> {
    return this.#watched({ operation: 'query', input }, () => this.#port.query(input, options))
  }
  scan(input: dynamo.ScanInput, options?: CallOptions): Promise<dynamo.ItemsPage> {
    return this.#watched({ operation: 'scan', input }, () => this.#port.scan(input, options))
  }
  createTable(input: dynamo.CreateTableInput, options?: CallOptions): Promise<dynamo.TableOutput> {
    return this.#watched({ operation: 'createTable', input }, () =>
      this.#port.createTable(input, options),
    )
  }
  updateTable(input: dynamo.UpdateTableInput, options?: CallOptions): Promise<dynamo.TableOutput> {
    return this.#watched({ operation: 'updateTable', input }, () =>
      this.#port.updateTable(input, options),
    )
  }
  describeTable(
    input: { readonly TableName: string },
    options?: CallOptions,
  ): Promise<dynamo.TableOutput> {
    return this.#watched({ operation: 'describeTable', input }, () =>
      this.#port.describeTable(input, options),
    )
  }

  async #watched<T>(call: PolicyCall, send: () => Promise<T> | undefined): Promise<T> {
    try {
      const output = (await send()) as T
      this.#denials.delete(call.operation)
      return output
    } catch (cause) {
      const named = namedLack(cause, call)
      if (isPolicyLack(named)) this.#denied(call.operation, named)
      // The policy has let that one through.
      else if (isServiceError(cause) && cause.kind === 'condition-failed') {
        this.#denials.delete(call.operation)
      }
      throw named
    }
  }

  #denied(operation: keyof DynamoPort, cause: unknown): void {
    if (OPTIONAL.has(operation)) return
    const nowMs = monotonicMs()
    const before = this.#denials.get(operation) ?? { sinceMs: nowMs, count: 0 }
    const now = { sinceMs: before.sinceMs, count: before.count + 1 }
    this.#denials.set(operation, now)
    if (now.count < LASTING_DENIALS || nowMs - now.sinceMs < LASTING_MS) return
    this.#denials.delete(operation)
    this.#onLasting(cause)
  }
}
