/** Whether a condition holds for an item, and what an update makes of it. Pure. */
import type { AttributeValue, Item } from '@millrace/core/internal'
import {
  addNumbers,
  compareValues,
  copyItem,
  copyValue,
  equalValues,
  typeOf,
} from './attribute-values.ts'
import type { Comparator, Condition, Operand, SetTerm, SetValue, Update } from './expression-ast.ts'

/** An absent item is an empty one here, as in DynamoDB. */
export function holds(condition: Condition, item: Item): boolean {
  switch (condition.type) {
    case 'and':
      return holds(condition.left, item) && holds(condition.right, item)
    case 'or':
      return holds(condition.left, item) || holds(condition.right, item)
    case 'not':
      return !holds(condition.of, item)
    case 'exists':
      return Object.hasOwn(item, condition.name) === condition.expected
    case 'compare':
      return compares(
        condition.comparator,
        operandValue(condition.left, item),
        operandValue(condition.right, item),
      )
    case 'between': {
      const value = operandValue(condition.of, item)
      return (
        compares('>=', value, operandValue(condition.low, item)) &&
        compares('<=', value, operandValue(condition.high, item))
      )
    }
    case 'in':
      return condition.list.some((one) =>
        compares('=', operandValue(condition.of, item), operandValue(one, item)),
      )
    case 'begins_with':
      return beginsWith(attribute(item, condition.name), operandValue(condition.value, item))
    case 'contains':
      return contains(attribute(item, condition.name), operandValue(condition.value, item))
  }
}

/** @throws Error when an operand is missing or of the wrong type */
export function updated(update: Update, before: Item): Item {
  const after: Record<string, AttributeValue> = { ...copyItem(before) }
  // Every operand is read from the item as it was.
  for (const { name, value } of update.set) after[name] = copyValue(setValue(value, before))
  for (const name of update.remove) delete after[name]
  for (const { name, value } of update.add) after[name] = added(attribute(before, name), value)
  for (const { name, value } of update.delete) {
    const left = withoutMembers(attribute(before, name), value)
    if (left === undefined) delete after[name]
    else after[name] = left
  }
  return after
}

function attribute(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined
}

function operandValue(operand: Operand, item: Item): AttributeValue | undefined {
  return operand.type === 'value' ? operand.value : attribute(item, operand.name)
}

function compares(
  comparator: Comparator,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
): boolean {
  if (left === undefined || right === undefined) return comparator === '<>'
  if (comparator === '=') return equalValues(left, right)
  if (comparator === '<>') return !equalValues(left, right)
  const order = compareValues(left, right)
  if (order === undefined) return false
  if (comparator === '<') return order < 0
  if (comparator === '<=') return order <= 0
  return comparator === '>' ? order > 0 : order >= 0
}

function beginsWith(value: AttributeValue | undefined, start: AttributeValue | undefined): boolean {
  return value?.S !== undefined && start?.S !== undefined && value.S.startsWith(start.S)
}

function contains(value: AttributeValue | undefined, part: AttributeValue | undefined): boolean {
  if (value === undefined || part === undefined) return false
  if (value.S !== undefined) return part.S !== undefined && value.S.includes(part.S)
  if (value.SS !== undefined) return part.S !== undefined && value.SS.includes(part.S)
  if (value.NS !== undefined) return part.N !== undefined && value.NS.includes(part.N)
  return (value.L ?? []).some((one) => equalValues(one, part))
}

function setValue(value: SetValue, item: Item): AttributeValue {
  if (!('left' in value)) return term(value, item)
  const left = term(value.left, item)
  const right = term(value.right, item)
  if (left.N === undefined || right.N === undefined) {
    throw new Error('An operand in the update expression has an incorrect data type')
  }
  return { N: addNumbers(left.N, right.N, value.type === 'add' ? 1 : -1) }
}

function term(value: SetTerm, item: Item): AttributeValue {
  const found =
    value.type === 'if_not_exists'
      ? (attribute(item, value.name) ?? operandValue(value.otherwise, item))
      : operandValue(value, item)
  if (found !== undefined) return found
  throw new Error('The provided expression refers to an attribute that does not exist in the item')
}

function added(before: AttributeValue | undefined, value: AttributeValue): AttributeValue {
  const type = typeOf(value)
  if (type === 'N') {
    if (before !== undefined && before.N === undefined) throw wrongType()
    return { N: addNumbers(before?.N ?? '0', value.N ?? '0', 1) }
  }
  if (type !== 'SS' && type !== 'NS') throw wrongType()
  if (before !== undefined && typeOf(before) !== type) throw wrongType()
  const members = [...new Set([...(before?.[type] ?? []), ...(value[type] ?? [])])]
  return copyValue(type === 'SS' ? { SS: members } : { NS: members })
}

function withoutMembers(
  before: AttributeValue | undefined,
  value: AttributeValue,
): AttributeValue | undefined {
  if (before === undefined) return undefined
  const type = typeOf(value)
  if ((type !== 'SS' && type !== 'NS') || typeOf(before) !== type) throw wrongType()
  const left = (before[type] ?? []).filter((member) => !(value[type] ?? []).includes(member))
  if (left.length === 0) return undefined
  return type === 'SS' ? { SS: left } : { NS: left }
}

function wrongType(): Error {
  return new Error('An operand in the update expression has an incorrect data type')
}
