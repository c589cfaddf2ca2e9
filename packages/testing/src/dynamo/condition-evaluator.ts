/** Whether a condition holds of an item. A row that is absent is an item without attributes. Pure. */
import type { dynamo } from '@millrace/core'
import { compareValues, valuesEqual } from './attribute-value.ts'
import type { Comparator, Condition, Operand } from './expression-nodes.ts'

type AttributeValue = dynamo.AttributeValue

export function holds(condition: Condition, item: dynamo.Item): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, item) && holds(condition.right, item)
    case 'or':
      return holds(condition.left, item) || holds(condition.right, item)
    case 'not':
      return !holds(condition.inner, item)
    case 'exists':
      return Object.hasOwn(item, condition.name) === condition.wanted
    case 'compare':
      return compared(
        condition.comparator,
        resolve(condition.left, item),
        resolve(condition.right, item),
      )
    case 'between': {
      const value = resolve(condition.operand, item)
      return (
        compared('>=', value, resolve(condition.low, item)) &&
        compared('<=', value, resolve(condition.high, item))
      )
    }
    case 'in': {
      const value = resolve(condition.operand, item)
      return condition.choices.some((choice) => compared('=', value, resolve(choice, item)))
    }
    case 'begins-with':
      return beginsWith(resolve(condition.operand, item), resolve(condition.argument, item))
    case 'contains':
      return contains(resolve(condition.operand, item), resolve(condition.argument, item))
    default:
      return condition satisfies never
  }
}

/** The attribute's own value, or the value that the request gave. */
export function resolve(operand: Operand, item: dynamo.Item): AttributeValue | undefined {
  if (operand.kind === 'value') return operand.value
  return Object.hasOwn(item, operand.name) ? item[operand.name] : undefined
}

/** An attribute that is absent differs from every value, and has no order. */
function compared(
  comparator: Comparator,
  a: AttributeValue | undefined,
  b: AttributeValue | undefined,
): boolean {
  if (a === undefined || b === undefined) return comparator === '<>'
  if (comparator === '=') return valuesEqual(a, b)
  if (comparator === '<>') return !valuesEqual(a, b)
  const order = compareValues(a, b)
  if (order === undefined) return false
  switch (comparator) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
    default:
      return comparator satisfies never
  }
}

function beginsWith(value: AttributeValue | undefined, start: AttributeValue | undefined): boolean {
  if (value?.S !== undefined && start?.S !== undefined) return value.S.startsWith(start.S)
  if (value?.B !== undefined && start?.B !== undefined) {
    return Buffer.from(value.B).subarray(0, start.B.byteLength).equals(start.B)
  }
  return false
}

function contains(value: AttributeValue | undefined, part: AttributeValue | undefined): boolean {
  if (value === undefined || part === undefined) return false
  if (value.S !== undefined) return part.S !== undefined && value.S.includes(part.S)
  if (value.B !== undefined)
    return part.B !== undefined && Buffer.from(value.B).includes(Buffer.from(part.B))
  return members(value).some((member) => valuesEqual(member, part))
}

function members(value: AttributeValue): readonly AttributeValue[] {
  if (value.L !== undefined) return value.L
  if (value.SS !== undefined) return value.SS.map((S) => ({ S }))
  if (value.NS !== undefined) return value.NS.map((N) => ({ N }))
  return (value.BS ?? []).map((B) => ({ B }))
}
