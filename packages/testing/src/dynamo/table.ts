/** One table: its rows, its indexes, and which state it is in. */
import type { dynamo } from '@millrace/core'
import { checkItemSize } from './item-size.ts'
import { checkIndexKey, checkItemKey, type KeySchema } from './key-schema.ts'
import { LaggingRows } from './lagging-rows.ts'
import { DynamoRefusal, inUse, invalid } from './refusal.ts'
import { positionOf, type RowPosition } from './row-position.ts'
import { SortedRows } from './sorted-rows.ts'
import {
  type IndexDefinition,
  indexDefinition,
  mergedAttributes,
  type TableDefinition,
} from './table-rules.ts'

/** The service's clock, and how slow it is. */
export interface TableTimes {
  readonly nowMs: () => number
  readonly statusChangeMs: number
  readonly indexLagMs: () => number
  /** Absent: every read of the table sees every write. */
  readonly readLagMs: (() => number) | undefined
}

/** A global secondary index. */
export interface SecondaryIndex {
  readonly definition: IndexDefinition
  /** Before this instant the index is being built, and can not be read. */
  readonly readyAtMs: number
  readonly rows: LaggingRows
}

/** What a table was made with beside its shape. @public */
export interface SimulatedTableSettings {
  readonly tags: Readonly<Record<string, string>>
  readonly deletionProtection: boolean
  readonly pointInTimeRecovery: boolean
}

export class Table {
  readonly name: string
  /** Whether point-in-time recovery is on. */
  recoverable = false
  readonly #rows = new SortedRows()
  readonly #replica: LaggingRows | undefined
  readonly #definition: TableDefinition
  readonly #times: TableTimes
  readonly #createdAtMs: number
  #attributes: readonly dynamo.AttributeDefinition[]
  #indexes: readonly SecondaryIndex[]

  constructor(name: string, definition: TableDefinition, times: TableTimes) {
    this.name = name
    this.#definition = definition
    this.#times = times
    this.#createdAtMs = times.nowMs()
    this.#attributes = definition.attributes
    const readyAtMs = this.#createdAtMs + times.statusChangeMs
    this.#indexes = definition.indexes.map((index) => this.#newIndex(index, readyAtMs))
    this.#replica =
      times.readLagMs === undefined
        ? undefined
        : new LaggingRows({ schema: definition.schema, projection: 'ALL', table: undefined })
  }

  get schema(): KeySchema {
    return this.#definition.schema
  }

  get status(): 'CREATING' | 'UPDATING' | 'ACTIVE' {
    const nowMs = this.#times.nowMs()
    if (nowMs < this.#createdAtMs + this.#times.statusChangeMs) return 'CREATING'
    return this.#indexes.some(({ readyAtMs }) => nowMs < readyAtMs) ? 'UPDATING' : 'ACTIVE'
  }

  settings(): SimulatedTableSettings {
    const { tags, deletionProtection } = this.#definition
    return { tags, deletionProtection, pointInTimeRecovery: this.recoverable }
  }

  describe(): dynamo.TableDescription {
    const nowMs = this.#times.nowMs()
    const { elements, provisioned, deletionProtection } = this.#definition
    return {
      TableName: this.name,
      TableStatus: this.status,
      KeySchema: elements.map((element) => ({ ...element })),
      // As the service: on-demand is said, provisioned is what goes without saying.
      BillingMode: provisioned === undefined ? 'PAY_PER_REQUEST' : undefined,
      ProvisionedThroughput:
        provisioned === undefined
          ? { ReadCapacityUnits: 0, WriteCapacityUnits: 0 }
          : { ...provisioned },
      DeletionProtectionEnabled: deletionProtection,
      GlobalSecondaryIndexes:
        this.#indexes.length === 0
          ? undefined
          : this.#indexes.map(({ definition, readyAtMs }) => ({
              IndexName: definition.name,
              IndexStatus: nowMs < readyAtMs ? 'CREATING' : 'ACTIVE',
            })),
    }
  }

  /** Existing rows are in the index as soon as it can be read. @throws DynamoRefusal */
  addIndex(input: dynamo.UpdateTableInput): void {
    if (this.status !== 'ACTIVE') {
      throw inUse(`Attempt to change a resource which is still in use: Table: ${this.name}`)
    }
    const [update, ...more] = input.GlobalSecondaryIndexUpdates
    if (update === undefined)
      throw invalid('At least one of GlobalSecondaryIndexUpdates is required')
    if (more.length > 0) {
      throw new DynamoRefusal(
        'LimitExceededException',
        'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
      )
    }
    const attributes = mergedAttributes(this.#attributes, input.AttributeDefinitions)
    const provisioned = this.#definition.provisioned !== undefined
    const definition = indexDefinition(update.Create, attributes, provisioned)
    if (this.#indexes.some((index) => index.definition.name === definition.name)) {
      throw invalid(
        `One or more parameter values were invalid: Attempting to create an index which already exists: ${definition.name}`,
      )
    }
    const nowMs = this.#times.nowMs()
    const readyAtMs = nowMs + this.#times.statusChangeMs
    const index = this.#newIndex(definition, readyAtMs)
    for (const { item } of this.#rows.all) index.rows.follow(undefined, item, nowMs, () => 0)
    this.#attributes = attributes
    this.#indexes = [...this.#indexes, index]
  }

  /** @throws DynamoRefusal when there is none, or it is still being built */
  readableIndex(name: string): SecondaryIndex {
    const index = this.#indexes.find(({ definition }) => definition.name === name)
    if (index === undefined) {
      throw invalid(`The table does not have the specified index: ${name}`)
    }
    if (this.#times.nowMs() < index.readyAtMs) {
      throw invalid(`Cannot read from backfilling global secondary index: ${name}`)
    }
    return index
  }

  /** What a read sees now. */
  rows(consistent: boolean): SortedRows {
    if (consistent || this.#replica === undefined) return this.#rows
    return this.#replica.rowsAt(this.#times.nowMs())
  }

  positionOf(key: dynamo.Item): RowPosition {
    return positionOf(key, this.schema)
  }

  /** Replaces what stands at the position; `undefined` takes it away. @throws DynamoRefusal */
  write(
    position: RowPosition,
    before: dynamo.Item | undefined,
    after: dynamo.Item | undefined,
  ): void {
    if (after !== undefined) {
      checkItemKey(after, this.schema)
      for (const { definition } of this.#indexes) {
        checkIndexKey(after, definition.schema, definition.name)
      }
      checkItemSize(after)
    }
    this.#rows.set(position, after)
    const { indexLagMs, readLagMs } = this.#times
    const nowMs = this.#times.nowMs()
    for (const { rows } of this.#indexes) rows.follow(before, after, nowMs, indexLagMs)
    if (readLagMs !== undefined) this.#replica?.follow(before, after, nowMs, readLagMs)
  }

  #newIndex(definition: IndexDefinition, readyAtMs: number): SecondaryIndex {
    const { schema, projection } = definition
    const rows = new LaggingRows({ schema, projection, table: this.schema })
    return { definition, readyAtMs, rows }
  }
}
