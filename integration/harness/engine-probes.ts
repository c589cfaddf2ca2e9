/** Small questions to a DynamoDB, each about something in which engines were seen to differ. */
import assert from 'node:assert/strict'
import { type DynamoPort, type dynamo, isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'

const INDEX = 'by-holder'
const KEY: dynamo.CreateTableInput['AttributeDefinitions'] = [
  { AttributeName: 'id', AttributeType: 'S' },
]
const INDEX_INPUT: dynamo.GlobalSecondaryIndexInput = {
  IndexName: INDEX,
  KeySchema: [
    { AttributeName: 'holder', KeyType: 'HASH' },
    { AttributeName: 'id', KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'KEYS_ONLY' },
}
const ATTRIBUTES: typeof KEY = [...KEY, { AttributeName: 'holder', AttributeType: 'S' }]
const WAIT_MS = 20
const MOST_WAITS = 500

let tableCount = 0

/** One engine, asked. Each question has a table of its own. */
export class EngineProbe {
  readonly #port: DynamoPort
  readonly #table: string

  constructor(port: DynamoPort) {
    this.#port = port
    tableCount++
    this.#table = `probe-${process.pid}-${tableCount}`
  }

  async create(options: Partial<dynamo.CreateTableInput> = {}): Promise<void> {
    await this.#port.createTable({
      TableName: this.#table,
      AttributeDefinitions: ATTRIBUTES,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      GlobalSecondaryIndexes: [INDEX_INPUT],
      ...options,
    })
    for (let waits = 0; (await this.describe()).TableStatus !== 'ACTIVE'; waits++) {
      assert.ok(waits < MOST_WAITS, `${this.#table} does not become ACTIVE`)
      await sleep(WAIT_MS)
    }
  }

  async describe(): Promise<dynamo.TableDescription> {
    return (await this.#port.describeTable({ TableName: this.#table })).Table
  }

  async put(id: string, fields: dynamo.Item = {}): Promise<void> {
    await this.#port.putItem({ TableName: this.#table, Item: { id: { S: id }, ...fields } })
  }

  async get(id: string): Promise<dynamo.Item> {
    const Key = { id: { S: id } }
    const input = { TableName: this.#table, Key, ConsistentRead: true }
    return (await this.#port.getItem(input)).Item ?? {}
  }

  async update(input: Omit<dynamo.UpdateItemInput, 'TableName' | 'Key'>): Promise<void> {
    await this.#port.updateItem({ TableName: this.#table, Key: { id: { S: 'a' } }, ...input })
  }

  /** What becomes of a condition on row `a`. */
  async condition(
    ConditionExpression: string,
    ExpressionAttributeValues?: dynamo.Item,
  ): Promise<string> {
    const values = ExpressionAttributeValues === undefined ? {} : { ExpressionAttributeValues }
    return outcomeOf(async () => {
      await this.update({ UpdateExpression: 'REMOVE nothing', ConditionExpression, ...values })
      return 'holds'
    })
  }

  addIndex(): Promise<unknown> {
    return this.#port.updateTable({
      TableName: this.#table,
      AttributeDefinitions: ATTRIBUTES,
      GlobalSecondaryIndexUpdates: [{ Create: INDEX_INPUT }],
    })
  }

  async switchRecoveryOn(): Promise<void> {
    const { updateContinuousBackups } = this.#port
    assert.ok(updateContinuousBackups !== undefined, 'the port does not offer it')
    await updateContinuousBackups.call(this.#port, {
      TableName: this.#table,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    })
  }

  async scanned(): Promise<string> {
    const { Items } = await this.#port.scan({ TableName: this.#table, ConsistentRead: true })
    return Items.map((item) => item['id']?.S).join('')
  }
}

/** The kind of a refusal, or what the call came to. */
async function outcomeOf(call: () => Promise<string>): Promise<string> {
  try {
    return await call()
  } catch (cause) {
    if (!isServiceError(cause)) throw cause
    return `refused: ${cause.kind}`
  }
}

/** By the id of the difference; what an engine answers, in a few words. */
export const PROBES: Readonly<Record<string, (probe: EngineProbe) => Promise<string>>> = {
  oldItemOnFailedCondition: async (probe) => {
    await probe.create()
    await probe.put('a', { counter: { N: '5' } })
    try {
      await probe.update({
        UpdateExpression: 'SET nothing = :n',
        ConditionExpression: 'attribute_not_exists(id)',
        ExpressionAttributeValues: { ':n': { N: '1' } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      })
    } catch (cause) {
      if (isServiceError(cause)) return cause.item === undefined ? 'no item' : 'the item'
      throw cause
    }
    return 'applied'
  },
  indexOnExistingTable: async (probe) => {
    await probe.create({ AttributeDefinitions: KEY, GlobalSecondaryIndexes: undefined })
    return outcomeOf(async () => {
      await probe.addIndex()
      return 'added'
    })
  },
  refusesEmptyIndexKey: async (probe) => {
    await probe.create()
    return outcomeOf(async () => {
      await probe.put('a', { holder: { S: '' } })
      return 'kept'
    })
  },
  refusesUnorderedComparison: async (probe) => {
    await probe.create()
    await probe.put('a', { flag: { BOOL: false } })
    return probe.condition('flag < :flag', { ':flag': { BOOL: true } })
  },
  deletionProtection: async (probe) => {
    await probe.create({ DeletionProtectionEnabled: true })
    return (await probe.describe()).DeletionProtectionEnabled === true ? 'told back' : 'dropped'
  },
  continuousBackups: async (probe) => {
    await probe.create()
    return outcomeOf(async () => {
      await probe.switchRecoveryOn()
      return 'switched on'
    })
  },
  listEquality: async (probe) => {
    await probe.create()
    await probe.put('a', { entries: { L: [{ N: '1' }] } })
    return probe.condition('entries = :same', { ':same': { L: [{ N: '1' }] } })
  },
  sumBeyondPrecision: async (probe) => {
    await probe.create()
    await probe.put('a', { lives: { N: '1e38' } })
    return outcomeOf(async () => {
      await probe.update({
        UpdateExpression: 'SET lives = lives + :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      })
      return (await probe.get('a'))['lives']?.N ?? ''
    })
  },
  copyOfChangedSet: async (probe) => {
    await probe.create()
    await probe.put('a', { tags: { SS: ['x'] } })
    return outcomeOf(async () => {
      await probe.update({
        UpdateExpression: 'SET copied = tags ADD tags :more',
        ExpressionAttributeValues: { ':more': { SS: ['y'] } },
      })
      return (await probe.get('a'))['copied']?.SS?.join(',') ?? ''
    })
  },
  scanOrder: async (probe) => {
    await probe.create()
    for (const id of ['e', 'b', 'a', 'd', 'c']) await probe.put(id)
    return probe.scanned()
  },
}
