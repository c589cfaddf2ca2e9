/** What CreateTable and UpdateTable may ask for. Pure. */
import type { dynamo } from '@millrace/core'
import { type KeySchema, keyAttributes, keySchemaOf } from './key-schema.ts'
import { invalid } from './refusal.ts'

export interface IndexDefinition {
  readonly name: string
  readonly schema: KeySchema
  readonly projection: 'KEYS_ONLY' | 'ALL'
}

export interface TableDefinition {
  readonly schema: KeySchema
  readonly elements: readonly dynamo.KeySchemaElement[]
  readonly attributes: readonly dynamo.AttributeDefinition[]
  readonly provisioned: dynamo.ProvisionedThroughputInput | undefined
  readonly indexes: readonly IndexDefinition[]
  readonly deletionProtection: boolean
  readonly tags: Readonly<Record<string, string>>
}

const NAME = /^[a-zA-Z0-9_.-]{3,255}$/

/** @throws DynamoRefusal */
export function tableDefinition(input: dynamo.CreateTableInput): TableDefinition {
  checkName('tableName', input.TableName)
  const attributes = input.AttributeDefinitions
  const schema = keySchemaOf(input.KeySchema, attributes)
  const provisioned = capacityOf(input)
  const given = input.GlobalSecondaryIndexes ?? []
  const indexes = given.map((index) =>
    indexDefinition(index, attributes, provisioned !== undefined),
  )
  refuseTwice(indexes)
  const used = new Set(
    [schema, ...indexes.map((index) => index.schema)]
      .flatMap(keyAttributes)
      .map(({ name }) => name),
  )
  const unused = attributes.filter(({ AttributeName }) => !used.has(AttributeName))
  if (unused.length > 0) {
    throw invalid(
      'One or more parameter values were invalid: Some AttributeDefinitions are not used. ' +
        `AttributeDefinitions not used: [${unused.map(({ AttributeName }) => AttributeName).join(', ')}]`,
    )
  }
  return {
    schema,
    elements: input.KeySchema.map((element) => ({ ...element })),
    attributes: attributes.map((attribute) => ({ ...attribute })),
    provisioned,
    indexes,
    deletionProtection: input.DeletionProtectionEnabled ?? false,
    tags: tagsOf(input),
  }
}

/** @throws DynamoRefusal */
export function indexDefinition(
  input: dynamo.GlobalSecondaryIndexInput,
  attributes: readonly dynamo.AttributeDefinition[],
  provisioned: boolean,
): IndexDefinition {
  checkName('indexName', input.IndexName)
  if (provisioned && input.ProvisionedThroughput === undefined) {
    throw invalid(
      `One or more parameter values were invalid: ProvisionedThroughput must be specified for index: ${input.IndexName}`,
    )
  }
  if (!provisioned && input.ProvisionedThroughput !== undefined) {
    throw invalid(
      `One or more parameter values were invalid: ProvisionedThroughput should not be specified for index: ${input.IndexName} when BillingMode is PAY_PER_REQUEST`,
    )
  }
  return {
    name: input.IndexName,
    schema: keySchemaOf(input.KeySchema, attributes),
    projection: input.Projection.ProjectionType,
  }
}

/** The definitions known afterwards. @throws DynamoRefusal for one that contradicts an older one */
export function mergedAttributes(
  known: readonly dynamo.AttributeDefinition[],
  more: readonly dynamo.AttributeDefinition[],
): readonly dynamo.AttributeDefinition[] {
  const merged = new Map(known.map((attribute) => [attribute.AttributeName, attribute]))
  for (const attribute of more) {
    const old = merged.get(attribute.AttributeName)
    if (old !== undefined && old.AttributeType !== attribute.AttributeType) {
      throw invalid(
        `One or more parameter values were invalid: AttributeDefinition of ${attribute.AttributeName} changes its type`,
      )
    }
    merged.set(attribute.AttributeName, { ...attribute })
  }
  return [...merged.values()]
}

function capacityOf(input: dynamo.CreateTableInput): dynamo.ProvisionedThroughputInput | undefined {
  const capacity = input.ProvisionedThroughput
  if (input.BillingMode === 'PAY_PER_REQUEST') {
    if (capacity === undefined) return undefined
    throw invalid(
      'One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    )
  }
  if (capacity !== undefined) return { ...capacity }
  throw invalid(
    'One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
  )
}

/** By key; the service takes each key once. */
function tagsOf({ Tags = [] }: dynamo.CreateTableInput): Readonly<Record<string, string>> {
  const tags = new Map<string, string>()
  for (const { Key, Value } of Tags) {
    if (Key === '' || Key.length > 128 || Value.length > 256) {
      throw invalid(
        `1 validation error detected: a tag key of ${Key.length} characters, or its value`,
      )
    }
    if (tags.has(Key)) throw invalid(`Duplicate tag key: ${Key}`)
    tags.set(Key, Value)
  }
  return Object.fromEntries(tags)
}

function checkName(field: string, name: string): void {
  if (NAME.test(name)) return
  throw invalid(
    `1 validation error detected: Value '${name}' at '${field}' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+, length 3 to 255`,
  )
}

function refuseTwice(indexes: readonly IndexDefinition[]): void {
  const names = indexes.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) {
    throw invalid(`One or more parameter values were invalid: Duplicate index name: ${twice}`)
  }
}
