/**
 * Drives one table for the conformance tests: hash key `id`, index `by-owner`. Patient: a service
 * takes its time over status changes and over its indexes, and none of that is what is tested.
 */
import assert from 'node:assert/strict'
import { type DynamoPort, type dynamo, isServiceError, type ServiceErrorKind } from '@millrace/core'
import { sleep } from '@millrace/core/internal'

export const INDEX = 'by-owner'
const FIRST_WAIT_MS = 5
const MAX_WAIT_MS = 1000
const MAX_ATTEMPTS = 60

export type ItemInput = Omit<dynamo.UpdateItemInput, 'TableName' | 'Key'>

export class TableDriver {
  readonly port: DynamoPort
  readonly name: string

  constructor(port: DynamoPort, name: string) {
    this.port = port
    this.name = name
  }

  async create(input: Omit<dynamo.CreateTableInput, 'TableName'>): Promise<void> {
    await this.port.createTable({ TableName: this.name, ...input })
    await this.untilActive()
  }

  async describe(): Promise<dynamo.TableDescription> {
    return (await this.port.describeTable({ TableName: this.name })).Table
  }

  /** Table and indexes. */
  async untilActive(): Promise<void> {
    await until(`${this.name} is ACTIVE`, async () => {
      const table = await this.describe()
      const indexes = table.GlobalSecondaryIndexes ?? []
      return (
        table.TableStatus === 'ACTIVE' &&
        indexes.every(({ IndexStatus }) => IndexStatus === 'ACTIVE')
      )
    })
  }

  async put(Item: dynamo.Item, condition: dynamo.ConditionInput = {}): Promise<void> {
    await this.port.putItem({ TableName: this.name, Item, ...condition })
  }

  async get(id: string): Promise<dynamo.Item | undefined> {
    const input = { TableName: this.name, Key: keyOf(id), ConsistentRead: true }
    return (await this.port.getItem(input)).Item
  }

  async update(id: string, input: ItemInput): Promise<dynamo.Item | undefined> {
    const output = await this.port.updateItem({ TableName: this.name, Key: keyOf(id), ...input })
    return output.Attributes
  }

  async delete(id: string, condition: dynamo.ConditionInput = {}): Promise<void> {
    await this.port.deleteItem({ TableName: this.name, Key: keyOf(id), ...condition })
  }

  /** Whether a condition holds of a row: by a conditional write that changes nothing else. */
  async holds(id: string, condition: dynamo.ConditionInput): Promise<boolean> {
    try {
      await this.update(id, { UpdateExpression: 'REMOVE nothingHere', ...condition })
      return true
    } catch (cause) {
      if (isServiceError(cause) && cause.kind === 'condition-failed') return false
      throw cause
    }
  }

  /** Strongly consistent, as all reads of these tests that do not say otherwise. */
  async scanPage(input: Omit<dynamo.ScanInput, 'TableName'>): Promise<dynamo.ItemsPage> {
    return this.port.scan({ TableName: this.name, ConsistentRead: true, ...input })
  }

  async scanAll(input: Omit<dynamo.ScanInput, 'TableName'> = {}): Promise<dynamo.Item[]> {
    return everyPage((ExclusiveStartKey) => this.scanPage({ ...input, ExclusiveStartKey }))
  }

  async queryAll(input: Omit<dynamo.QueryInput, 'TableName'>): Promise<dynamo.Item[]> {
    return everyPage((ExclusiveStartKey) =>
      this.port.query({ TableName: this.name, ...input, ExclusiveStartKey }),
    )
  }

  /** What the index holds under an owner. */
  async ownedBy(owner: string, Limit?: number): Promise<dynamo.Item[]> {
    return this.queryAll({
      IndexName: INDEX,
      KeyConditionExpression: '#o = :owner',
      ExpressionAttributeNames: { '#o': 'holder' },
      ExpressionAttributeValues: { ':owner': { S: owner } },
      ...(Limit === undefined ? {} : { Limit }),
    })
  }
}

export function keyOf(id: string): dynamo.Item {
  return { id: { S: id } }
}

export function idsOf(items: readonly dynamo.Item[]): string[] {
  return items.map((item) => item['id']?.S ?? '').sort()
}

/** Asserts that a call is refused, and with which meaning. */
export async function refused(
  kind: ServiceErrorKind,
  call: Promise<unknown>,
  message?: RegExp,
): Promise<void> {
  await assert.rejects(call, (cause: unknown) => {
    assert.ok(isServiceError(cause), String(cause))
    assert.equal(cause.kind, kind, cause.message)
    if (message !== undefined) assert.match(cause.message, message)
    return true
  })
}

/** Polls, a little more slowly each time. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  let waitMs = FIRST_WAIT_MS
  for (let attempt = 1; !(await holds()); attempt++) {
    assert.ok(attempt < MAX_ATTEMPTS, `It never comes true that ${what}`)
    await sleep(waitMs)
    waitMs = Math.min(MAX_WAIT_MS, waitMs * 2)
  }
}

async function everyPage(
  call: (start: dynamo.Item | undefined) => Promise<dynamo.ItemsPage>,
): Promise<dynamo.Item[]> {
  const items: dynamo.Item[] = []
  let start: dynamo.Item | undefined
  do {
    const page = await call(start)
    items.push(...page.Items)
    start = page.LastEvaluatedKey
  } while (start !== undefined)
  return items
}
