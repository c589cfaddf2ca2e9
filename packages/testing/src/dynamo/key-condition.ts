/** What a KeyConditionExpression asks for: one hash key, perhaps a piece of its range. Pure. */
import type { dynamo } from '@millrace/core'
import { typeOf } from './attribute-value.ts'
import { holds } from './condition-evaluator.ts'
import type { Condition, Operand } from './expression-nodes.ts'
import type { KeyAttribute, KeySchema } from './key-schema.ts'
import { invalid } from './refusal.ts'

export interface KeyCondition {
  readonly hash: dynamo.AttributeValue
  matchesRange(item: dynamo.Item): boolean
}

/** @throws DynamoRefusal for a condition that a query can not be answered with */
export function keyConditionOf(condition: Condition, schema: KeySchema): KeyCondition {
  const parts = conjuncts(condition)
  const hashes = parts.filter((part) => attributeOf(part) === schema.hash.name)
  const others = parts.filter((part) => attributeOf(part) !== schema.hash.name)
  const [hash] = hashes
  if (hash === undefined) {
    throw invalid(`Query condition missed key schema element: ${schema.hash.name}`)
  }
  if (hashes.length > 1 || others.length > 1) {
    throw invalid(
      'Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key',
    )
  }
  if (hash.kind !== 'compare' || hash.comparator !== '=' || hash.right.kind !== 'value') {
    throw invalid('Query key condition not supported')
  }
  checkType(hash.right, schema.hash)
  const [range] = others
  if (range !== undefined) checkRange(range, schema.range)
  return {
    hash: hash.right.value,
    matchesRange: (item) => range === undefined || holds(range, item),
  }
}

function conjuncts(condition: Condition): readonly Condition[] {
  return condition.kind === 'and'
    ? [...conjuncts(condition.left), ...conjuncts(condition.right)]
    : [condition]
}

/** Which attribute a part of the condition is about. @throws DynamoRefusal for what can not be a part */
function attributeOf(part: Condition): string | undefined {
  if (part.kind === 'compare') return nameOf(part.left)
  if (part.kind === 'between' || part.kind === 'begins-with') return nameOf(part.operand)
  throw invalid(
    `Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: ${part.kind}`,
  )
}

function nameOf(operand: Operand): string | undefined {
  return operand.kind === 'attribute' ? operand.name : undefined
}

function checkRange(part: Condition, range: KeyAttribute | undefined): void {
  if (range === undefined || attributeOf(part) !== range.name) {
    throw invalid(
      `Query condition missed key schema element: ${range?.name ?? 'none but the hash'}`,
    )
  }
  if (part.kind === 'compare') {
    if (part.comparator === '<>') {
      throw invalid('Invalid KeyConditionExpression: Unsupported operator on KeyCondition: <>')
    }
    checkType(part.right, range)
  } else if (part.kind === 'between') {
    checkType(part.low, range)
    checkType(part.high, range)
  } else if (part.kind === 'begins-with') {
    checkType(part.argument, range)
  }
}

function checkType(operand: Operand, attribute: KeyAttribute): void {
  if (operand.kind === 'value' && typeOf(operand.value) === attribute.type) return
  throw invalid(
    'One or more parameter values were invalid: Condition parameter type does not match schema type',
  )
}
