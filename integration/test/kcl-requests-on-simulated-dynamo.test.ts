/** Every DynamoDB request that the real KCL was seen to send, on SimulatedDynamo. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type DynamoPort, type dynamo, isServiceError } from '@millrace/core'
import { SimulatedDynamo } from '@millrace/testing'

interface Recorded {
  readonly operation: string
  readonly request: Readonly<Record<string, unknown>> & { readonly TableName: string }
}
interface Shape {
  readonly name: string
  readonly example: Recorded | null
  readonly failedExample: Recorded | null
}

const FILE = new URL('../golden/kcl/requests.json', import.meta.url)
const { shapes } = JSON.parse(readFileSync(FILE, 'utf8')) as { readonly shapes: readonly Shape[] }

/** Parameters from before expressions; the port has none, and Millrace sends none. */
const LEGACY = ['Expected', 'AttributeUpdates', 'KeyConditions', 'QueryFilter', 'ScanFilter']
const METHODS: Readonly<Record<string, keyof DynamoPort>> = {
  GetItem: 'getItem',
  PutItem: 'putItem',
  UpdateItem: 'updateItem',
  DeleteItem: 'deleteItem',
  Query: 'query',
  Scan: 'scan',
  CreateTable: 'createTable',
  UpdateTable: 'updateTable',
  DescribeTable: 'describeTable',
}
const INDEX = 'LeaseOwnerToLeaseKeyIndex'

const sent = shapes
  .flatMap(({ name, example, failedExample }) =>
    [example, failedExample].flatMap((call) => (call === null ? [] : [{ name, ...call }])),
  )
  .filter(({ operation, request }) => METHODS[operation] !== undefined && !isLegacy(request))

describe('requests of the real KCL', () => {
  for (const { name, operation, request } of sent) {
    it(`${operation}: ${name} is understood`, async () => {
      const simulated = await prepared(operation, request)
      const method = METHODS[operation] ?? 'describeTable'
      try {
        await simulated[method](request as never)
      } catch (cause) {
        // The row is not there, so conditions may fail; what counts is that they were read.
        assert.ok(isServiceError(cause), String(cause))
        assert.equal(cause.kind, 'condition-failed', cause.message)
      }
    })
  }

  it('are all there that carry expressions', () => {
    const expressions = new Set(
      sent.flatMap(({ request }) =>
        Object.entries(request).flatMap(([field, value]) =>
          field.endsWith('Expression') ? [`${field}: ${String(value)}`] : [],
        ),
      ),
    )
    assert.equal(expressions.size, 7, [...expressions].join('\n'))
  })
})

/** The table as it was before the request: absent, without its index, or whole. */
async function prepared(operation: string, request: Recorded['request']): Promise<SimulatedDynamo> {
  const simulated = new SimulatedDynamo()
  if (operation === 'CreateTable') return simulated
  const keyName = request.TableName.endsWith('-CoordinatorState')
    ? 'key'
    : request.TableName.endsWith('-WorkerMetricStats')
      ? 'wid'
      : 'leaseKey'
  const withIndex = request['IndexName'] === INDEX
  await simulated.createTable({
    TableName: request.TableName,
    AttributeDefinitions: [keyName, ...(withIndex ? ['leaseOwner'] : [])].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S' as const,
    })),
    KeySchema: [{ AttributeName: keyName, KeyType: 'HASH' }],
    ...billingOf(request),
    ...(withIndex ? { GlobalSecondaryIndexes: [ownerIndex(keyName)] } : {}),
  })
  return simulated
}

function ownerIndex(keyName: string): dynamo.GlobalSecondaryIndexInput {
  return {
    IndexName: INDEX,
    KeySchema: [
      { AttributeName: 'leaseOwner', KeyType: 'HASH' },
      { AttributeName: keyName, KeyType: 'RANGE' },
    ],
    Projection: { ProjectionType: 'KEYS_ONLY' },
  }
}

/** An index that is asked for with capacity belongs to a table that has some. */
function billingOf(
  request: Recorded['request'],
): Pick<dynamo.CreateTableInput, 'BillingMode' | 'ProvisionedThroughput'> {
  const updates = (request['GlobalSecondaryIndexUpdates'] ?? []) as readonly {
    readonly Create: dynamo.GlobalSecondaryIndexInput
  }[]
  return updates.some(({ Create }) => Create.ProvisionedThroughput !== undefined)
    ? { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } }
    : { BillingMode: 'PAY_PER_REQUEST' }
}

function isLegacy(request: Recorded['request']): boolean {
  return LEGACY.some((field) => field in request)
}
