/** What the Java KCL sends, as recorded: the simulated DynamoDB must answer as DynamoDB Local did. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type dynamo, isServiceError } from '@millrace/core'
import { SimulatedDynamo } from '@millrace/testing'
import { comparableItem } from '@millrace/testing/conformance'

type Call =
  | 'getItem'
  | 'putItem'
  | 'updateItem'
  | 'deleteItem'
  | 'query'
  | 'scan'
  | 'createTable'
  | 'updateTable'
  | 'describeTable'

interface Recorded {
  readonly operation: string
  readonly request: { readonly TableName: string } & dynamo.ConditionInput & {
      readonly Item?: dynamo.Item
      readonly Key?: dynamo.Item
    }
  readonly response: dynamo.GetItemOutput & dynamo.UpdateItemOutput & Partial<dynamo.ItemsPage>
  readonly status: number
}

interface Shape {
  readonly name: string
  readonly situation: string
  readonly example: Recorded | null
  readonly failedExample: Recorded | null
}

const LEGACY = ['Expected', 'AttributeUpdates', 'ScanFilter', 'KeyConditions']
const REQUESTS = new URL('../../../../integration/golden/kcl/requests.json', import.meta.url)
const { shapes } = JSON.parse(readFileSync(REQUESTS, 'utf8')) as { shapes: readonly Shape[] }

function isOurs({ operation, request }: Recorded): boolean {
  return operation !== 'UpdateContinuousBackups' && !LEGACY.some((field) => field in request)
}

const recorded = shapes.flatMap(({ name, situation, example, failedExample }) =>
  [example, failedExample]
    .filter((one) => one !== null)
    .filter(isOurs)
    .map((one) => ({ title: `${name} (${situation})`, ...one })),
)

/** KCL's three tables by the name of their key. */
function keyNameOf(tableName: string): string {
  if (tableName.endsWith('-CoordinatorState')) return 'key'
  return tableName.endsWith('-WorkerMetricStats') ? 'wid' : 'leaseKey'
}

async function withTable(tableName: string): Promise<SimulatedDynamo> {
  const simulated = new SimulatedDynamo()
  const hash = keyNameOf(tableName)
  await simulated.createTable({
    TableName: tableName,
    AttributeDefinitions: [
      { AttributeName: hash, AttributeType: 'S' },
      { AttributeName: 'leaseOwner', AttributeType: 'S' },
    ],
    KeySchema: [{ AttributeName: hash, KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    GlobalSecondaryIndexes: [
      {
        IndexName: 'LeaseOwnerToLeaseKeyIndex',
        KeySchema: [
          { AttributeName: 'leaseOwner', KeyType: 'HASH' },
          { AttributeName: hash, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  })
  return simulated
}

async function answerOf(simulated: SimulatedDynamo, one: Recorded): Promise<Recorded['response']> {
  const call = (one.operation.charAt(0).toLowerCase() + one.operation.slice(1)) as Call
  const send = simulated[call].bind(simulated) as (input: object) => Promise<unknown>
  return ((await send(one.request)) ?? {}) as Recorded['response']
}

async function kindOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer
    return 'ok'
  } catch (cause) {
    assert.ok(isServiceError(cause), String(cause))
    return cause.kind
  }
}

/** The row of which each `#name = :value` of the condition holds. */
function matchingRow({ request }: Recorded): dynamo.Item {
  const hash = keyNameOf(request.TableName)
  const key = request.Key ?? { [hash]: request.Item?.[hash] ?? {} }
  const row: Record<string, dynamo.AttributeValue> = { ...key }
  for (const [, name, value] of (request.ConditionExpression ?? '').matchAll(/(#\w+) = (:\w+)/g)) {
    const attribute = request.ExpressionAttributeNames?.[name ?? ''] ?? ''
    row[attribute] = request.ExpressionAttributeValues?.[value ?? ''] ?? {}
  }
  return row
}

describe('The recorded requests of KCL', () => {
  it('are all there', () => {
    const operations = new Set(recorded.map(({ operation }) => operation))
    assert.deepEqual([...operations].sort(), [
      'CreateTable',
      'DeleteItem',
      'DescribeTable',
      'GetItem',
      'PutItem',
      'Query',
      'Scan',
      'UpdateItem',
      'UpdateTable',
    ])
  })

  for (const one of recorded) {
    const { request, response, operation, status } = one
    const { TableName } = request

    if (request.ConditionExpression !== undefined) {
      const wantsAbsent = request.ConditionExpression.includes('attribute_not_exists')
      it(`${operation}: ${one.title}: hit the row that they mean and no other`, async () => {
        const row = matchingRow(one)
        const absent = await withTable(TableName)
        assert.equal(await kindOf(answerOf(absent, one)), wantsAbsent ? 'ok' : 'condition-failed')
        const present = await withTable(TableName)
        await present.putItem({ TableName, Item: row })
        assert.equal(await kindOf(answerOf(present, one)), wantsAbsent ? 'condition-failed' : 'ok')
        for (const name of Object.keys(row).filter((name) => name !== keyNameOf(TableName))) {
          const changed = await withTable(TableName)
          await changed.putItem({ TableName, Item: { ...row, [name]: { S: 'other' } } })
          assert.equal(await kindOf(answerOf(changed, one)), 'condition-failed', name)
        }
      })
    } else if (response.Items !== undefined || response.Item !== undefined) {
      it(`${operation}: ${one.title}: find what was found`, async () => {
        const simulated = await withTable(TableName)
        const items = response.Items ?? [response.Item ?? {}]
        for (const Item of items) await simulated.putItem({ TableName, Item })
        const answer = await answerOf(simulated, one)
        const found = answer.Items ?? [answer.Item ?? {}]
        assert.deepEqual(found.map(inOrder).sort(), items.map(inOrder).sort())
      })
    } else if (operation === 'CreateTable' || operation === 'DescribeTable') {
      it(`${operation}: ${one.title}: answer ${status}`, async () => {
        const wantsTable = (operation === 'DescribeTable') === (status === 200)
        const simulated = wantsTable ? await withTable(TableName) : new SimulatedDynamo()
        const refused = operation === 'CreateTable' ? 'in-use' : 'missing'
        assert.equal(await kindOf(answerOf(simulated, one)), status === 200 ? 'ok' : refused)
      })
    } else if (operation === 'UpdateTable') {
      it(`${operation}: ${one.title}: add the index`, async () => {
        const simulated = new SimulatedDynamo()
        await simulated.createTable({
          TableName,
          AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
        })
        await answerOf(simulated, one)
        const { Table } = await simulated.describeTable({ TableName })
        assert.equal(Table.GlobalSecondaryIndexes?.[0]?.IndexName, 'LeaseOwnerToLeaseKeyIndex')
      })
    } else {
      it(`${operation}: ${one.title}: answer as recorded`, async () => {
        const answer = await answerOf(await withTable(TableName), one)
        assert.equal(answer.Item, undefined)
        const { Attributes } = response
        assert.deepEqual(
          answer.Attributes && comparableItem(answer.Attributes),
          Attributes && comparableItem(Attributes),
        )
      })
    }
  }
})

function inOrder(item: dynamo.Item): string {
  return JSON.stringify(comparableItem(item))
}
