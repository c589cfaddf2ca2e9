/** Keys of a table or an index: which attributes, of which type, and what a key may be. Pure. */
import type { dynamo } from '@millrace/core'
import { type ScalarType, typeOf } from './attribute-value.ts'
import { invalid } from './refusal.ts'

export interface KeyAttribute {
  readonly name: string
  readonly type: ScalarType
}

export interface KeySchema {
  readonly hash: KeyAttribute
  readonly range: KeyAttribute | undefined
}

const MAX_HASH_BYTES = 2048
const MAX_RANGE_BYTES = 1024

export function keyAttributes({ hash, range }: KeySchema): readonly KeyAttribute[] {
  return range === undefined ? [hash] : [hash, range]
}

/** @throws DynamoRefusal for a schema that names no defined attributes in the order HASH, RANGE */
export function keySchemaOf(
  elements: readonly dynamo.KeySchemaElement[],
  definitions: readonly dynamo.AttributeDefinition[],
): KeySchema {
  const [hash, range, ...more] = elements
  if (hash?.KeyType !== 'HASH' || (range !== undefined && range.KeyType !== 'RANGE')) {
    throw invalid('Invalid KeySchema: The first KeySchemaElement is not a HASH key type')
  }
  if (more.length > 0 || range?.AttributeName === hash.AttributeName) {
    throw invalid('Invalid KeySchema: at most one HASH and one RANGE key of different names')
  }
  return {
    hash: defined(hash.AttributeName, definitions),
    range: range === undefined ? undefined : defined(range.AttributeName, definitions),
  }
}

/**
 * Checks the key of a request: exactly the key attributes, of their types, not empty.
 *
 * @throws DynamoRefusal
 */
export function checkKey(key: dynamo.Item, schema: KeySchema): void {
  const attributes = keyAttributes(schema)
  if (Object.keys(key).length !== attributes.length) throw noSuchKey()
  for (const { name, type } of attributes) {
    const value = key[name]
    if (value === undefined || typeOf(value) !== type) throw noSuchKey()
  }
  checkKeyValues(key, schema)
}

/** Checks that an item to be put carries its key. @throws DynamoRefusal */
export function checkItemKey(item: dynamo.Item, schema: KeySchema): void {
  for (const { name, type } of keyAttributes(schema)) {
    const value = item[name]
    if (value === undefined) {
      throw invalid(
        `One or more parameter values were invalid: Missing the key ${name} in the item`,
      )
    }
    if (typeOf(value) !== type) {
      throw invalid(
        `One or more parameter values were invalid: Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`,
      )
    }
  }
  checkKeyValues(item, schema)
}

/** An index key may be absent, but not of another type, nor empty. @throws DynamoRefusal */
export function checkIndexKey(item: dynamo.Item, schema: KeySchema, indexName: string): void {
  for (const { name, type } of keyAttributes(schema)) {
    const value = item[name]
    if (value === undefined) continue
    if (typeOf(value) !== type) {
      throw invalid(
        `One or more parameter values were invalid: Type mismatch for Index Key ${name} Expected: ${type} Actual: ${typeOf(value)} IndexName: ${indexName}`,
      )
    }
    if (keyBytes(value) === 0) {
      throw invalid(
        'One or more parameter values are not valid. A value specified for a secondary index key ' +
          `is not supported. The AttributeValue for a key attribute cannot contain an empty value. IndexName: ${indexName}, IndexKey: ${name}`,
      )
    }
  }
}

/** The key attributes of an item that has them. */
export function keyOf(item: dynamo.Item, ...schemas: readonly KeySchema[]): dynamo.Item {
  const key: Record<string, dynamo.AttributeValue> = {}
  for (const schema of schemas) {
    for (const { name } of keyAttributes(schema)) {
      const value = item[name]
      if (value !== undefined) key[name] = value
    }
  }
  return key
}

function checkKeyValues(key: dynamo.Item, schema: KeySchema): void {
  for (const { name } of keyAttributes(schema)) {
    const bytes = keyBytes(key[name])
    if (bytes === 0) {
      throw invalid(
        'One or more parameter values are not valid. The AttributeValue for a key attribute ' +
          `cannot contain an empty value. Key: ${name}`,
      )
    }
    const max = name === schema.hash.name ? MAX_HASH_BYTES : MAX_RANGE_BYTES
    if (bytes > max) {
      throw invalid(
        `One or more parameter values were invalid: Size of key ${name} is ${bytes} bytes, at most ${max}`,
      )
    }
  }
}

function keyBytes(value: dynamo.AttributeValue | undefined): number {
  if (value?.S !== undefined) return Buffer.byteLength(value.S)
  return value?.B?.byteLength ?? 1
}

function defined(name: string, definitions: readonly dynamo.AttributeDefinition[]): KeyAttribute {
  const type = definitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType
  if (type !== undefined) return { name, type }
  throw invalid(
    `One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions: ${name}`,
  )
}

function noSuchKey(): Error {
  return invalid('The provided key element does not match the schema')
}
