/**
 * Condition, filter and key condition expressions. NOT binds closest, then AND, then OR.
 * Left out of DynamoDB's language: document paths, `size`, `attribute_type`.
 */
import { compareValues, isOrdered, typeOf, valuesEqual } from './attribute-value.ts'
import type { ExpressionField } from './expression-lexer.ts'
import type { Comparator, Condition, Operand } from './expression-nodes.ts'
import type { Placeholders } from './placeholders.ts'
import { TokenReader } from './token-reader.ts'

const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>='])
const MAX_CHOICES = 100
/** Conditions that stood in brackets of their own: a second pair around one is refused. */
const BRACKETED: WeakSet<Condition> = new WeakSet()

/** @throws DynamoRefusal with the text at fault */
export function parseCondition(
  field: ExpressionField,
  text: string,
  placeholders: Placeholders,
): Condition {
  const reader = new TokenReader(field, text, placeholders)
  const condition = either(reader)
  reader.expectEnd()
  return condition
}

function either(reader: TokenReader): Condition {
  let left = both(reader)
  while (reader.takeKeyword('OR')) left = { kind: 'or', left, right: both(reader) }
  return left
}

function both(reader: TokenReader): Condition {
  let left = negated(reader)
  while (reader.takeKeyword('AND')) left = { kind: 'and', left, right: negated(reader) }
  return left
}

function negated(reader: TokenReader): Condition {
  if (reader.takeKeyword('NOT')) return { kind: 'not', inner: negated(reader) }
  if (!reader.takeSymbol('(')) return test(reader)
  const inner = either(reader)
  reader.expectSymbol(')')
  if (BRACKETED.has(inner)) throw reader.invalid('The expression has redundant parentheses')
  BRACKETED.add(inner)
  return inner
}

function test(reader: TokenReader): Condition {
  for (const wanted of [true, false]) {
    if (reader.takeCall(wanted ? 'attribute_exists' : 'attribute_not_exists')) {
      const name = reader.attributeName()
      reader.expectSymbol(')')
      return { kind: 'exists', name, wanted }
    }
  }
  if (reader.takeCall('begins_with')) return call(reader, 'begins-with')
  if (reader.takeCall('contains')) return call(reader, 'contains')

  const operand = reader.operand()
  if (reader.takeKeyword('BETWEEN')) return between(reader, operand)
  if (reader.takeKeyword('IN')) return oneOf(reader, operand)
  if (!COMPARATORS.has(reader.next.text)) throw reader.refuse()
  const comparator = reader.take().text as Comparator
  const right = reader.operand()
  refuseSame(reader, operand, right)
  if (comparator !== '=' && comparator !== '<>') {
    for (const side of [operand, right]) refuseUnordered(reader, comparator, side)
  }
  return { kind: 'compare', comparator, left: operand, right }
}

function call(reader: TokenReader, kind: 'begins-with' | 'contains'): Condition {
  const operand = reader.operand()
  reader.expectSymbol(',')
  const argument = reader.operand()
  reader.expectSymbol(')')
  refuseSame(reader, operand, argument)
  if (kind === 'begins-with') {
    for (const side of [operand, argument]) {
      if (side.kind !== 'value') continue
      const type = typeOf(side.value)
      if (type !== 'S' && type !== 'B') throw wrongType(reader, 'begins_with', type)
    }
  }
  return { kind, operand, argument }
}

function between(reader: TokenReader, operand: Operand): Condition {
  const low = reader.operand()
  reader.expectKeyword('AND')
  const high = reader.operand()
  for (const side of [operand, low, high]) refuseUnordered(reader, 'BETWEEN', side)
  if (low.kind === 'value' && high.kind === 'value') {
    const order = compareValues(low.value, high.value)
    if (order === undefined) {
      throw reader.invalid(
        'The BETWEEN operator requires same data type for lower and upper bounds',
      )
    }
    if (order > 0) {
      throw reader.invalid(
        'The BETWEEN operator requires upper bound to be greater than or equal to lower bound',
      )
    }
  }
  return { kind: 'between', operand, low, high }
}

function oneOf(reader: TokenReader, operand: Operand): Condition {
  reader.expectSymbol('(')
  const choices = reader.list(() => reader.operand())
  reader.expectSymbol(')')
  if (choices.length > MAX_CHOICES) {
    throw reader.invalid(`The IN operator is provided with too many operands: ${choices.length}`)
  }
  return { kind: 'in', operand, choices }
}

function refuseSame(reader: TokenReader, a: Operand, b: Operand): void {
  const same =
    a.kind === 'attribute'
      ? b.kind === 'attribute' && a.name === b.name
      : b.kind === 'value' && valuesEqual(a.value, b.value)
  if (same) {
    throw reader.invalid('The first operand must be distinct from the remaining operands')
  }
}

function refuseUnordered(reader: TokenReader, operator: string, operand: Operand): void {
  if (operand.kind !== 'value') return
  const type = typeOf(operand.value)
  if (!isOrdered(type)) throw wrongType(reader, operator, type)
}

function wrongType(reader: TokenReader, operator: string, type: string): Error {
  return reader.invalid(
    `Incorrect operand type for operator or function; operator: ${operator}, operand type: ${type}`,
  )
}
