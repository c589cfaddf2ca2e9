/** DynamoDB on the wire (JSON 1.0): operation name -> the shape of its input and the call of the port. */
import type { DynamoPort, dynamo } from '@millrace/core'
import { attributes } from './attribute-json.ts'
import { jsonFormat } from './json-format.ts'
import { readShape, type Shape } from './shape.ts'
import { WireError } from './wire-error.ts'
import type { WireFormat } from './wire-format.ts'
import { callOf, type WireOperation, type WireProtocol } from './wire-protocol.ts'

const format: WireFormat = { ...jsonFormat, contentType: 'application/x-amz-json-1.0' }

const EXPRESSION = {
  ExpressionAttributeNames: 'any',
  ExpressionAttributeValues: attributes,
} as const
const CONDITION = {
  ...EXPRESSION,
  ConditionExpression: 'string',
  ReturnValuesOnConditionCheckFailure: 'string',
} as const
const PAGE = {
  ...EXPRESSION,
  ExclusiveStartKey: attributes,
  Limit: 'integer',
  ConsistentRead: 'boolean',
} as const
const INDEXED = { AttributeDefinitions: 'any', GlobalSecondaryIndexes: 'any' } as const

type MakeOperation = (port: DynamoPort) => WireOperation

const OPERATIONS: ReadonlyMap<string, MakeOperation> = new Map([
  ['GetItem', operation('getItem', { Key: attributes, ConsistentRead: 'boolean' }, ['Key'])],
  ['PutItem', operation('putItem', { ...CONDITION, Item: attributes }, ['Item'])],
  [
    'UpdateItem',
    operation(
      'updateItem',
      { ...CONDITION, Key: attributes, UpdateExpression: 'string', ReturnValues: 'string' },
      ['Key', 'UpdateExpression'],
    ),
  ],
  ['DeleteItem', operation('deleteItem', { ...CONDITION, Key: attributes }, ['Key'])],
  [
    'Query',
    operation('query', { ...PAGE, IndexName: 'string', KeyConditionExpression: 'string' }, [
      'KeyConditionExpression',
    ]),
  ],
  [
    'Scan',
    operation(
      'scan',
      { ...PAGE, FilterExpression: 'string', Segment: 'integer', TotalSegments: 'integer' },
      [],
    ),
  ],
  [
    'CreateTable',
    operation(
      'createTable',
      {
        ...INDEXED,
        KeySchema: 'any',
        BillingMode: 'string',
        ProvisionedThroughput: 'any',
        DeletionProtectionEnabled: 'boolean',
        Tags: 'any',
      },
      ['AttributeDefinitions', 'KeySchema'],
      (output) => ({ TableDescription: tableOnWire(output) }),
    ),
  ],
  [
    'UpdateTable',
    operation(
      'updateTable',
      { AttributeDefinitions: 'any', GlobalSecondaryIndexUpdates: 'any' },
      ['AttributeDefinitions', 'GlobalSecondaryIndexUpdates'],
      (output) => ({ TableDescription: tableOnWire(output) }),
    ),
  ],
  [
    'DescribeTable',
    operation('describeTable', {}, [], (output) => ({ Table: tableOnWire(output) })),
  ],
  [
    'UpdateContinuousBackups',
    operation('updateContinuousBackups', { PointInTimeRecoverySpecification: 'any' }, [
      'PointInTimeRecoverySpecification',
    ]),
  ],
])

const TARGET = /^DynamoDB_20120810\.([A-Za-z]+)$/
/** The two name spaces that the service's errors come from. */
const OWN_ERRORS = 'com.amazonaws.dynamodb.v20120810#'
const FRAMEWORK_ERRORS = 'com.amazon.coral.service#'
const OF_FRAMEWORK: ReadonlySet<string> = new Set([
  'SerializationException',
  'UnknownOperationException',
  'MissingAuthenticationTokenException',
])

export function dynamoProtocol(port: DynamoPort): WireProtocol {
  return {
    defaultFormat: format,
    formatFor: (contentType) => (contentType === format.contentType ? format : undefined),
    operationFor: (target) => OPERATIONS.get(TARGET.exec(target ?? '')?.[1] ?? '')?.(port),
    errorType: (awsName) =>
      `${OF_FRAMEWORK.has(awsName) ? FRAMEWORK_ERRORS : OWN_ERRORS}${awsName}`,
  }
}

function operation(
  method: keyof DynamoPort,
  own: Readonly<Record<string, Shape>>,
  required: readonly string[],
  onWire: (output: unknown) => unknown = (output) => output ?? {},
): MakeOperation {
  const members = { TableName: 'string' as const, ...own }
  const shape = { members, required: ['TableName', ...required] }
  return (port) => async (wire, tree, options) => {
    const input = readShape(wire, shape, tree, '')
    refuseOthers(method, members, tree)
    return onWire(await callOf(port, method, input, options))
  }
}

/** To drop what the port does not have, a condition of the old kind say, would answer wrongly. */
function refuseOthers(
  method: string,
  members: Readonly<Record<string, Shape>>,
  tree: unknown,
): void {
  const other = Object.keys(tree as object).find((name) => !Object.hasOwn(members, name))
  if (other === undefined) return
  throw new WireError('ValidationException', `${method}: ${other} is not served here.`)
}

/** The service puts the billing mode one level deeper than the port. */
function tableOnWire(output: unknown): object {
  const { BillingMode, ...rest } = (output as dynamo.TableOutput).Table
  return BillingMode === undefined ? rest : { ...rest, BillingModeSummary: { BillingMode } }
}
