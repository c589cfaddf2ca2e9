/** DynamoDB in this process, with the real expression language of what we and KCL send. */
import { type CallOptions, type DynamoPort, type dynamo, ServiceError } from '@millrace/core'
import { callService, refuseAborted } from '../kinesis/service-call.ts'
import { copyItem } from './accept-value.ts'
import { canonical } from './attribute-value.ts'
import { type DynamoFault, DynamoFaultBook } from './faults.ts'
import { deleteItem, getItem, putItem, type RowChange, updateItem } from './item-calls.ts'
import { keyOf } from './key-schema.ts'
import {
  type AppliedWrite,
  type OriginatedCallOptions,
  type ResolvedSimulatedDynamoOptions,
  resolveSimulatedDynamoOptions,
  type SimulatedDynamoOptions,
} from './options.ts'
import { query, scan } from './page-calls.ts'
import { DynamoRefusal } from './refusal.ts'
import { type SimulatedTableSettings, Table } from './table.ts'
import { TableDirectory } from './table-directory.ts'
import { tableDefinition } from './table-rules.ts'

const AWS_OPERATIONS = {
  getItem: 'GetItem',
  putItem: 'PutItem',
  updateItem: 'UpdateItem',
  deleteItem: 'DeleteItem',
  query: 'Query',
  scan: 'Scan',
  createTable: 'CreateTable',
  updateTable: 'UpdateTable',
  describeTable: 'DescribeTable',
  updateContinuousBackups: 'UpdateContinuousBackups',
} as const satisfies Record<keyof DynamoPort, string>

/**
 * DynamoDB for tests and simulations: tables, conditional writes, queries and scans with pages, one
 * process, no server. It refuses what it does not know. Calls are applied at once, in the order in
 * which they are made; what goes in and comes out is copied.
 *
 * @example
 * const dynamo = new SimulatedDynamo({ indexLagMs: () => 2000 })
 * @public
 */
export class SimulatedDynamo implements Required<DynamoPort> {
  readonly #options: ResolvedSimulatedDynamoOptions
  readonly #tables = new TableDirectory()
  readonly #faults = new DynamoFaultBook()

  /** @throws InvalidOptionError */
  constructor(options?: SimulatedDynamoOptions) {
    this.#options = resolveSimulatedDynamoOptions(options)
  }

  async getItem(input: dynamo.GetItemInput, options?: CallOptions): Promise<dynamo.GetItemOutput> {
    return this.#call('getItem', input, options, (given) => {
      const item = getItem(this.#tables.usable(given.TableName), given)
      return { Item: item === undefined ? undefined : copyItem(item) }
    })
  }

  async putItem(input: dynamo.PutItemInput, options?: OriginatedCallOptions): Promise<void> {
    await this.#call('putItem', input, options, (given) => {
      this.#wrote('PutItem', given, putItem(this.#tables.usable(given.TableName), given), options)
    })
  }

  async updateItem(
    input: dynamo.UpdateItemInput,
    options?: OriginatedCallOptions,
  ): Promise<dynamo.UpdateItemOutput> {
    return this.#call('updateItem', input, options, (given) => {
      const write = updateItem(this.#tables.usable(given.TableName), given)
      this.#wrote('UpdateItem', given, write, options)
      const wanted = given.ReturnValues === 'ALL_NEW' && write.after !== undefined
      return { Attributes: wanted ? copyItem(write.after) : undefined }
    })
  }

  async deleteItem(input: dynamo.DeleteItemInput, options?: OriginatedCallOptions): Promise<void> {
    await this.#call('deleteItem', input, options, (given) => {
      this.#wrote(
        'DeleteItem',
        given,
        deleteItem(this.#tables.usable(given.TableName), given),
        options,
      )
    })
  }

  async query(input: dynamo.QueryInput, options?: CallOptions): Promise<dynamo.ItemsPage> {
    return this.#call('query', input, options, (given) =>
      query(this.#tables.usable(given.TableName), given, this.#options.nowMs()),
    )
  }

  async scan(input: dynamo.ScanInput, options?: CallOptions): Promise<dynamo.ItemsPage> {
    return this.#call('scan', input, options, (given) =>
      scan(this.#tables.usable(given.TableName), given),
    )
  }

  async createTable(
    input: dynamo.CreateTableInput,
    options?: CallOptions,
  ): Promise<dynamo.TableOutput> {
    return this.#call('createTable', input, options, (given) => {
      const table = new Table(given.TableName, tableDefinition(given), this.#options)
      this.#tables.add(table)
      return { Table: table.describe() }
    })
  }

  async updateTable(
    input: dynamo.UpdateTableInput,
    options?: CallOptions,
  ): Promise<dynamo.TableOutput> {
    return this.#call('updateTable', input, options, (given) => {
      const table = this.#tables.described(given.TableName)
      table.addIndex(given)
      return { Table: table.describe() }
    })
  }

  async describeTable(
    input: { readonly TableName: string },
    options?: CallOptions,
  ): Promise<dynamo.TableOutput> {
    return this.#call('describeTable', input, options, ({ TableName }) => ({
      Table: this.#tables.described(TableName).describe(),
    }))
  }

  async updateContinuousBackups(
    input: dynamo.UpdateContinuousBackupsInput,
    options?: CallOptions,
  ): Promise<void> {
    await this.#call('updateContinuousBackups', input, options, (given) => {
      const { PointInTimeRecoveryEnabled } = given.PointInTimeRecoverySpecification
      this.#tables.described(given.TableName).recoverable = PointInTimeRecoveryEnabled
    })
  }

  /**
   * Makes the next calls of an operation go wrong.
   *
   * @throws InvalidOptionError
   */
  injectFault(fault: DynamoFault): { clear(): void } {
    return this.#faults.inject(fault)
  }

  /**
   * Every row of a table as a strongly consistent scan sees it, in copies, sorted by key.
   *
   * @throws ServiceError of kind `missing`
   */
  items(tableName: string): dynamo.Item[] {
    return refusedAs('Scan', () => {
      const table = this.#tables.described(tableName)
      const keyed = table.rows(true).all.map(({ item }) => ({
        key: canonical({ M: keyOf(item, table.schema) }),
        item,
      }))
      keyed.sort((a, b) => (a.key < b.key ? -1 : 1))
      return keyed.map(({ item }) => copyItem(item))
    })
  }

  /**
   * What a table was made with beside its shape, and whether it can be restored.
   *
   * @throws ServiceError of kind `missing`
   */
  settings(tableName: string): SimulatedTableSettings {
    return refusedAs('DescribeTable', () => this.#tables.described(tableName).settings())
  }

  tableNames(): string[] {
    return this.#tables.names()
  }

  #call<I extends { readonly TableName: string }, T>(
    operation: keyof DynamoPort,
    input: I,
    options: CallOptions | undefined,
    apply: (input: I) => T,
  ): T | Promise<T> {
    const awsOperation = AWS_OPERATIONS[operation]
    refuseAborted(awsOperation, options)
    const fault = this.#faults.take(operation, input)
    // A request that arrives late must arrive as it was sent.
    const sent = fault?.delayed === 'request' ? structuredClone(input) : input
    return callService(awsOperation, options, fault, false, () =>
      refusedAs(awsOperation, () => apply(sent), this.#options.returnsOldItemOnFailedCondition),
    )
  }

  #wrote(
    operation: AppliedWrite['operation'],
    { TableName: tableName }: { readonly TableName: string },
    { key, before, after }: RowChange,
    options: OriginatedCallOptions | undefined,
  ): void {
    const { onWrite } = this.#options
    if (onWrite === undefined) return
    onWrite({
      tableName,
      key: copyItem(key),
      before: before === undefined ? undefined : copyItem(before),
      after: after === undefined ? undefined : copyItem(after),
      operation,
      ...(options?.origin === undefined ? {} : { origin: options.origin }),
    })
  }
}

/** Runs a part of the model; its refusals become the port's errors. */
function refusedAs<T>(operation: string, run: () => T, returnsOldItem = true): T {
  try {
    return run()
  } catch (cause) {
    if (!(cause instanceof DynamoRefusal)) throw cause
    const item = cause.item === undefined || !returnsOldItem ? undefined : copyItem(cause.item)
    throw new ServiceError(operation, cause.awsName, cause.message, { item })
  }
}
