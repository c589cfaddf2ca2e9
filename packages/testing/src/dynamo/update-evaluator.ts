/** The item after an update. Every action reads the item as it was before. Pure. */
import type { dynamo } from '@millrace/core'
import { canonical, typeOf } from './attribute-value.ts'
import { resolve } from './condition-evaluator.ts'
import { addDecimals, formatDecimal, isSmallWhole, negate, parseDecimal } from './decimal.ts'
import type { NewValue, UpdateAction } from './expression-nodes.ts'
import { invalid } from './refusal.ts'

type AttributeValue = dynamo.AttributeValue

/** @throws DynamoRefusal when the item's values do not fit the update */
export function updated(before: dynamo.Item, actions: readonly UpdateAction[]): dynamo.Item {
  const after = new Map(Object.entries(before))
  for (const action of actions) {
    const value = outcome(action, before)
    if (value === undefined) after.delete(action.name)
    else after.set(action.name, value)
  }
  return Object.fromEntries(after)
}

/** What the attribute holds afterwards; `undefined`: it is gone. */
function outcome(action: UpdateAction, before: dynamo.Item): AttributeValue | undefined {
  const old = resolve({ kind: 'attribute', name: action.name }, before)
  switch (action.kind) {
    case 'set':
      return evaluate(action.to, before)
    case 'remove':
      return undefined
    case 'add':
      return old === undefined ? action.value : added(old, action.value)
    case 'delete':
      return old === undefined ? undefined : without(old, action.value)
    default:
      return action satisfies never
  }
}

function evaluate(wanted: NewValue, item: dynamo.Item): AttributeValue {
  switch (wanted.kind) {
    case 'value':
    case 'attribute': {
      const value = resolve(wanted, item)
      if (value === undefined) {
        throw invalid(
          `The provided expression refers to an attribute that does not exist in the item: ${wanted.kind === 'attribute' ? wanted.name : ''}`,
        )
      }
      return value
    }
    case 'if-not-exists':
      return (
        resolve({ kind: 'attribute', name: wanted.name }, item) ?? evaluate(wanted.otherwise, item)
      )
    case 'sum':
    case 'difference':
      return total(evaluate(wanted.left, item), evaluate(wanted.right, item), wanted.kind)
    case 'list-append': {
      const [left, right] = [evaluate(wanted.left, item), evaluate(wanted.right, item)]
      if (left.L === undefined || right.L === undefined) throw wrongType()
      return { L: [...left.L, ...right.L] }
    }
    default:
      return wanted satisfies never
  }
}

function total(
  left: AttributeValue,
  right: AttributeValue,
  kind: 'sum' | 'difference',
): AttributeValue {
  if (left.N === undefined || right.N === undefined) throw wrongType()
  if (kind === 'sum' && isSmallWhole(left.N) && isSmallWhole(right.N)) {
    return { N: String(Number(left.N) + Number(right.N)) }
  }
  const term = parseDecimal(right.N)
  return {
    N: formatDecimal(addDecimals(parseDecimal(left.N), kind === 'sum' ? term : negate(term))),
  }
}

function added(old: AttributeValue, value: AttributeValue): AttributeValue {
  if (typeOf(old) !== typeOf(value)) throw wrongType()
  if (value.N !== undefined) return total(old, value, 'sum')
  if (value.SS !== undefined) return { SS: union(old.SS, value.SS, text) }
  if (value.NS !== undefined) return { NS: union(old.NS, value.NS, text) }
  return { BS: union(old.BS, value.BS, bytes) }
}

function without(old: AttributeValue, value: AttributeValue): AttributeValue | undefined {
  if (typeOf(old) !== typeOf(value)) throw wrongType()
  if (value.SS !== undefined) return nonEmpty({ SS: minus(old.SS, value.SS, text) })
  if (value.NS !== undefined) return nonEmpty({ NS: minus(old.NS, value.NS, text) })
  return nonEmpty({ BS: minus(old.BS, value.BS, bytes) })
}

function union<T>(
  old: readonly T[] = [],
  more: readonly T[] = [],
  identity: (member: T) => string,
): T[] {
  return [...old, ...minus(more, old, identity)]
}

function minus<T>(
  from: readonly T[] = [],
  less: readonly T[] = [],
  identity: (member: T) => string,
): T[] {
  const gone = new Set(less.map(identity))
  return from.filter((member) => !gone.has(identity(member)))
}

/** DynamoDB keeps no empty set: the attribute goes. */
function nonEmpty(set: AttributeValue): AttributeValue | undefined {
  const members = set.SS ?? set.NS ?? set.BS ?? []
  return members.length === 0 ? undefined : set
}

function text(member: string): string {
  return member
}

function bytes(B: Uint8Array): string {
  return canonical({ B })
}

function wrongType(): Error {
  return invalid('An operand in the update expression has an incorrect data type')
}
