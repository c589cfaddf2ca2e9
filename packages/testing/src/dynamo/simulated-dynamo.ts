/** Amazon DynamoDB in process: enough of it for lease tables, and a clear refusal of the rest. */
import { type DynamoPort, ServiceError } from '@millrace/core'
import {
  type CreateTableInput,
  type DeleteItemInput,
  type GetItemInput,
  type GetItemOutput,
  type Item,
  type ItemsPage,
  nowMs,
  type PutItemInput,
  type QueryInput,
  type ScanInput,
  sleep,
  type TableOutput,
  type UpdateItemInput,
  type UpdateItemOutput,
  type UpdateTableInput,
} from '@millrace/core/internal'
import { type DynamoFault, DynamoFaultBook } from './dynamo-faults.ts'
import {
  type CallContext,
  deleteItem,
  getItem,
  putItem,
  query,
  scan,
  updateItem,
} from './item-calls.ts'
import { inUse, missing, refusing } from './refusal.ts'
import { Table } from './table.ts'

/** A write that was applied. @public */
export interface AppliedWrite {
  readonly tableName: string
  readonly key: string
  readonly before: Item | undefined
  readonly after: Item | undefined
}

/** @public */
export interface SimulatedDynamoOptions {
  /** How much later index reads and eventually consistent reads see a write, milliseconds; asked for each write. @default 0 */
  readonly indexLagMs?: (() => number) | undefined
  /** How long a new table or index is CREATING, milliseconds. @default 0 */
  readonly statusChangeMs?: number | undefined
  /** Whether failed conditions return the old item when asked to, as AWS does. @default true */
  readonly returnsOldItemOnFailedCondition?: boolean | undefined
  /** Called for each applied write, before the caller has its answer. */
  readonly onWrite?: ((write: AppliedWrite) => void) | undefined
  /** The service's clock, epoch milliseconds. @default core/time */
  readonly nowMs?: (() => number) | undefined
}

/**
 * An item store with DynamoDB's conditions, updates, pages and one kind of index.
 *
 * @example
 * const consumer = new Consumer({ applicationName: 'test', stream: 's', dynamodb: new SimulatedDynamo() })
 * @public
 */
export class SimulatedDynamo implements DynamoPort {
  readonly #options: SimulatedDynamoOptions
  readonly #tables = new Map<string, Table>()
  readonly #faults = new DynamoFaultBook()

  constructor(options: SimulatedDynamoOptions = {}) {
    this.#options = options
  }

  /** The items of a table as they are stored, ordered by key; copies. */
  items(tableName: string): Item[] {
    return this.#table('Scan', tableName).scan(true, this.#nowMs())
  }

  tableNames(): string[] {
    return [...this.#tables.keys()].sort()
  }

  /** @throws InvalidOptionError */
  injectFault(fault: DynamoFault): { clear(): void } {
    return this.#faults.inject(fault)
  }

  getItem(input: GetItemInput): Promise<GetItemOutput> {
    return this.#call('getItem', 'GetItem', input.TableName, (context) => getItem(context, input))
  }
  putItem(input: PutItemInput): Promise<void> {
    return this.#call('putItem', 'PutItem', input.TableName, (context) => putItem(context, input))
  }
  updateItem(input: UpdateItemInput): Promise<UpdateItemOutput> {
    return this.#call('updateItem', 'UpdateItem', input.TableName, (context) =>
      updateItem(context, input),
    )
  }
  deleteItem(input: DeleteItemInput): Promise<void> {
    return this.#call('deleteItem', 'DeleteItem', input.TableName, (context) =>
      deleteItem(context, input),
    )
  }
  query(input: QueryInput): Promise<ItemsPage> {
    return this.#call('query', 'Query', input.TableName, (context) => query(context, input))
  }
  scan(input: ScanInput): Promise<ItemsPage> {
    return this.#call('scan', 'Scan', input.TableName, (context) => scan(context, input))
  }

  createTable(input: CreateTableInput): Promise<TableOutput> {
    return this.#faulty('createTable', 'CreateTable', () => {
      if (this.#tables.has(input.TableName)) throw inUse('CreateTable', input.TableName)
      const table = refusing('CreateTable', () => new Table(input, this.#readyAtMs()))
      this.#tables.set(input.TableName, table)
      return { Table: table.describe(this.#nowMs()) }
    })
  }

  updateTable(input: UpdateTableInput): Promise<TableOutput> {
    return this.#faulty('updateTable', 'UpdateTable', () => {
      const table = this.#table('UpdateTable', input.TableName)
      for (const { Create } of input.GlobalSecondaryIndexUpdates) {
        const known = table.describe(this.#nowMs()).GlobalSecondaryIndexes ?? []
        if (known.some(({ IndexName }) => IndexName === Create.IndexName)) {
          throw inUse('UpdateTable', input.TableName)
        }
        refusing('UpdateTable', () => table.addIndex(Create, this.#readyAtMs()))
      }
      return { Table: table.describe(this.#nowMs()) }
    })
  }

  describeTable(input: { readonly TableName: string }): Promise<TableOutput> {
    return this.#faulty('describeTable', 'DescribeTable', () => ({
      Table: this.#table('DescribeTable', input.TableName).describe(this.#nowMs()),
    }))
  }

  #call<T>(
    method: keyof DynamoPort,
    operation: string,
    tableName: string,
    work: (context: CallContext) => T,
  ): Promise<T> {
    return this.#faulty(method, operation, () => {
      const table = this.#table(operation, tableName)
      if (!table.isActive(this.#nowMs())) throw missing(operation, tableName)
      return work({
        table,
        nowMs: this.#nowMs(),
        lagMs: () => this.#options.indexLagMs?.() ?? 0,
        returnsOldItem: this.#options.returnsOldItemOnFailedCondition ?? true,
        onWrite: (key, before, after) => this.#options.onWrite?.({ tableName, key, before, after }),
      })
    })
  }

  async #faulty<T>(method: keyof DynamoPort, operation: string, work: () => T): Promise<T> {
    const fault = this.#faults.take(method)
    if (fault?.kind === 'throttle') {
      throw new ServiceError(operation, 'ProvisionedThroughputExceededException', 'injected')
    }
    if (fault?.kind === 'fail') {
      throw new ServiceError(operation, 'InternalServerError', 'injected')
    }
    const result = work()
    if (fault?.kind === 'lose-reply') {
      throw new ServiceError(operation, 'TimeoutError', 'the reply was lost (injected)')
    }
    if (fault?.kind === 'delay') await sleep(fault.delayMs ?? 1000)
    return result
  }

  #table(operation: string, tableName: string): Table {
    const table = this.#tables.get(tableName)
    if (table === undefined) throw missing(operation, tableName)
    return table
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? nowMs)()
  }

  #readyAtMs(): number {
    return this.#nowMs() + (this.#options.statusChangeMs ?? 0)
  }
}
