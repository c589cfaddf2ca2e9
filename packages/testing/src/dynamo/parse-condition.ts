/** Condition text -> Condition. Pure; throws plain errors whose text goes into the refusal. */
import type { Comparator, Condition, Operand } from './expression-ast.ts'
import type { Placeholders } from './placeholders.ts'
import { TokenReader } from './tokens.ts'

const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>='])
const FUNCTIONS: ReadonlySet<string> = new Set([
  'attribute_exists',
  'attribute_not_exists',
  'begins_with',
  'contains',
])

export function parseCondition(expression: string, placeholders: Placeholders): Condition {
  const reader = new TokenReader(expression)
  const condition = disjunction(reader, placeholders)
  reader.finish()
  return condition
}

export function parseOperand(reader: TokenReader, placeholders: Placeholders): Operand {
  const token = reader.next()
  if (token.startsWith(':')) return { type: 'value', value: placeholders.value(token) }
  if (reader.peek() === '(') throw new Error(`The function ${token} is not known here`)
  return { type: 'path', name: placeholders.name(token) }
}

function disjunction(reader: TokenReader, placeholders: Placeholders): Condition {
  let left = conjunction(reader, placeholders)
  while (reader.accept('OR')) {
    left = { type: 'or', left, right: conjunction(reader, placeholders) }
  }
  return left
}

function conjunction(reader: TokenReader, placeholders: Placeholders): Condition {
  let left = negation(reader, placeholders)
  while (reader.accept('AND')) left = { type: 'and', left, right: negation(reader, placeholders) }
  return left
}

function negation(reader: TokenReader, placeholders: Placeholders): Condition {
  if (reader.accept('NOT')) return { type: 'not', of: negation(reader, placeholders) }
  if (reader.accept('(')) {
    const inner = disjunction(reader, placeholders)
    reader.expect(')')
    return inner
  }
  const word = reader.peek()
  if (word !== undefined && FUNCTIONS.has(word) && reader.peek(1) === '(') {
    return functionCall(reader, placeholders)
  }
  return comparison(reader, placeholders)
}

function functionCall(reader: TokenReader, placeholders: Placeholders): Condition {
  const called = reader.next()
  reader.expect('(')
  const name = placeholders.name(reader.next())
  let condition: Condition
  if (called === 'begins_with' || called === 'contains') {
    reader.expect(',')
    condition = { type: called, name, value: parseOperand(reader, placeholders) }
  } else condition = { type: 'exists', name, expected: called === 'attribute_exists' }
  reader.expect(')')
  return condition
}

function comparison(reader: TokenReader, placeholders: Placeholders): Condition {
  const of = parseOperand(reader, placeholders)
  if (reader.accept('BETWEEN')) {
    const low = parseOperand(reader, placeholders)
    reader.expect('AND')
    return { type: 'between', of, low, high: parseOperand(reader, placeholders) }
  }
  if (reader.accept('IN')) {
    reader.expect('(')
    const list = [parseOperand(reader, placeholders)]
    while (reader.accept(',')) list.push(parseOperand(reader, placeholders))
    reader.expect(')')
    return { type: 'in', of, list }
  }
  const comparator = reader.next()
  if (!COMPARATORS.has(comparator))
    throw new Error(`Syntax error near ${JSON.stringify(comparator)}`)
  const right = parseOperand(reader, placeholders)
  return { type: 'compare', comparator: comparator as Comparator, left: of, right }
}
