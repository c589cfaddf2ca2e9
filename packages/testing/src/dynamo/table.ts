/** One table: its items by hash key, its index, its status. */
import type {
  AttributeValue,
  CreateTableInput,
  Item,
  TableDescription,
} from '@millrace/core/internal'
import { copyItem } from './attribute-values.ts'
import { Replica } from './replica.ts'

interface Index {
  readonly name: string
  readonly hashKey: string
  readonly rangeKey: string | undefined
  readonly keysOnly: boolean
  readonly activeAtMs: number
}

/** AWS's limit of one item, bytes, names and values together. */
const MAX_ITEM_BYTES = 400 * 1024

export class Table {
  readonly input: CreateTableInput
  readonly hashKey: string
  readonly #items = new Map<string, Item>()
  readonly #replica = new Replica()
  readonly #activeAtMs: number
  #indexes: readonly Index[] = []

  constructor(input: CreateTableInput, activeAtMs: number) {
    this.input = input
    this.hashKey = hashKeyOf(input.KeySchema)
    this.#activeAtMs = activeAtMs
    for (const index of input.GlobalSecondaryIndexes ?? []) this.addIndex(index, activeAtMs)
  }

  addIndex(
    index: NonNullable<CreateTableInput['GlobalSecondaryIndexes']>[number],
    activeAtMs: number,
  ): void {
    const range = index.KeySchema.find(({ KeyType }) => KeyType === 'RANGE')
    this.#indexes = [
      ...this.#indexes,
      {
        name: index.IndexName,
        hashKey: hashKeyOf(index.KeySchema),
        rangeKey: range?.AttributeName,
        keysOnly: index.Projection.ProjectionType === 'KEYS_ONLY',
        activeAtMs,
      },
    ]
  }

  isActive(nowMs: number): boolean {
    return nowMs >= this.#activeAtMs
  }

  describe(nowMs: number): TableDescription {
    const status = this.isActive(nowMs) ? 'ACTIVE' : 'CREATING'
    return {
      TableName: this.input.TableName,
      TableStatus: status,
      KeySchema: this.input.KeySchema,
      BillingMode: this.input.BillingMode ?? 'PROVISIONED',
      ...(this.input.ProvisionedThroughput === undefined
        ? {}
        : { ProvisionedThroughput: this.input.ProvisionedThroughput }),
      ...(this.#indexes.length === 0
        ? {}
        : {
            GlobalSecondaryIndexes: this.#indexes.map((index) => ({
              IndexName: index.name,
              IndexStatus: nowMs >= index.activeAtMs ? 'ACTIVE' : 'CREATING',
            })),
          }),
    }
  }

  /** @throws Error for a key that is not this table's */
  keyOf(key: Item, exact: boolean): string {
    const text = key[this.hashKey]?.S
    if (text === undefined || (exact && Object.keys(key).length !== 1)) {
      throw new Error('The provided key element does not match the schema')
    }
    if (text === '')
      throw new Error(
        `The AttributeValue for a key attribute cannot contain an empty string value. Key: ${this.hashKey}`,
      )
    return text
  }

  get(key: string, consistent: boolean, nowMs: number): Item | undefined {
    const item = (consistent ? this.#items : this.#replica.items(nowMs)).get(key)
    return item === undefined ? undefined : copyItem(item)
  }

  /** @throws Error when the item is too large or its key changed */
  write(key: string, item: Item | undefined, nowMs: number, lagMs: number): void {
    if (item === undefined) this.#items.delete(key)
    else {
      const stored = copyItem(item)
      if (this.keyOf(stored, false) !== key)
        throw new Error('Cannot update attribute. This attribute is part of the key')
      if (sizeBytes(stored) > MAX_ITEM_BYTES)
        throw new Error('Item size has exceeded the maximum allowed size')
      this.#refuseBadIndexKeys(stored)
      this.#items.set(key, stored)
    }
    this.#replica.record(key, this.#items.get(key), nowMs, lagMs)
  }

  /** Items in the order of their keys. */
  scan(consistent: boolean, nowMs: number): Item[] {
    const items = consistent ? this.#items : this.#replica.items(nowMs)
    return [...items].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => copyItem(item))
  }

  /** Items of an index under one hash key, in the order of the range key. @throws Error */
  query(indexName: string, hashKey: string, value: AttributeValue, nowMs: number): Item[] {
    const index = this.#indexes.find(({ name }) => name === indexName)
    if (index === undefined || nowMs < index.activeAtMs) {
      throw new Error(`The table does not have the specified index: ${indexName}`)
    }
    if (index.hashKey !== hashKey)
      throw new Error(`Query condition missed key schema element: ${index.hashKey}`)
    const sortKey = index.rangeKey ?? this.hashKey
    return [...this.#replica.items(nowMs).values()]
      .filter((item) => item[index.hashKey]?.S === value.S && item[sortKey]?.S !== undefined)
      .sort((a, b) => ((a[sortKey]?.S ?? '') < (b[sortKey]?.S ?? '') ? -1 : 1))
      .map((item) => copyItem(index.keysOnly ? this.#keysOf(item, index) : item))
  }

  #keysOf(item: Item, index: Index): Item {
    const names = [this.hashKey, index.hashKey, index.rangeKey]
    return Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)))
  }

  #refuseBadIndexKeys(item: Item): void {
    for (const index of this.#indexes) {
      for (const name of [index.hashKey, index.rangeKey]) {
        const value = name === undefined ? undefined : item[name]
        if (value !== undefined && (value.S === undefined || value.S === '')) {
          throw new Error(
            `One or more parameter values are not valid: ${name} is a key of the index ${index.name}`,
          )
        }
      }
    }
  }
}

function hashKeyOf(schema: CreateTableInput['KeySchema']): string {
  const hash = schema.find(({ KeyType }) => KeyType === 'HASH')
  if (hash === undefined) throw new Error('The KeySchema has no HASH key')
  return hash.AttributeName
}

function sizeBytes(item: Item): number {
  return Buffer.byteLength(
    JSON.stringify(item, (_key, part: unknown) =>
      part instanceof Uint8Array ? 'x'.repeat(part.byteLength) : part,
    ),
  )
}
