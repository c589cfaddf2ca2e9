/** Update expressions: SET, REMOVE, ADD and DELETE, each at most once, on whole attributes. */
import type { dynamo } from '@millrace/core'
import { typeOf } from './attribute-value.ts'
import type { NewValue, UpdateAction } from './expression-nodes.ts'
import type { Placeholders } from './placeholders.ts'
import { TokenReader } from './token-reader.ts'

const SECTIONS = ['SET', 'REMOVE', 'ADD', 'DELETE'] as const
type Section = (typeof SECTIONS)[number]

/** @throws DynamoRefusal with the text at fault */
export function parseUpdate(text: string, placeholders: Placeholders): readonly UpdateAction[] {
  const reader = new TokenReader('UpdateExpression', text, placeholders)
  const actions: UpdateAction[] = []
  const seen = new Set<Section>()
  do {
    const section = SECTIONS.find((name) => reader.takeKeyword(name))
    if (section === undefined) throw reader.refuse()
    if (seen.has(section)) {
      throw reader.invalid(`The "${section}" section can only be used once in an update expression`)
    }
    seen.add(section)
    actions.push(...reader.list(() => action(reader, section)))
  } while (reader.next.kind !== 'end')
  refuseOverlap(reader, actions)
  return actions
}

function action(reader: TokenReader, section: Section): UpdateAction {
  const name = reader.attributeName()
  switch (section) {
    case 'SET':
      reader.expectSymbol('=')
      return { kind: 'set', name, to: newValue(reader) }
    case 'REMOVE':
      return { kind: 'remove', name }
    case 'ADD':
      return { kind: 'add', name, value: operandOf(reader, section, ['N', 'SS', 'NS', 'BS']) }
    case 'DELETE':
      return { kind: 'delete', name, value: operandOf(reader, section, ['SS', 'NS', 'BS']) }
    default:
      return section satisfies never
  }
}

function newValue(reader: TokenReader): NewValue {
  const left = term(reader)
  if (reader.takeSymbol('+')) return sum(reader, 'sum', left)
  if (reader.takeSymbol('-')) return sum(reader, 'difference', left)
  return left
}

function sum(reader: TokenReader, kind: 'sum' | 'difference', left: NewValue): NewValue {
  const right = term(reader)
  for (const side of [left, right]) refuseType(reader, side, 'N', kind === 'sum' ? '+' : '-')
  return { kind, left, right }
}

function term(reader: TokenReader): NewValue {
  if (reader.takeCall('if_not_exists')) {
    const name = reader.attributeName()
    reader.expectSymbol(',')
    const otherwise = term(reader)
    reader.expectSymbol(')')
    return { kind: 'if-not-exists', name, otherwise }
  }
  if (reader.takeCall('list_append')) {
    const left = term(reader)
    reader.expectSymbol(',')
    const right = term(reader)
    reader.expectSymbol(')')
    for (const side of [left, right]) refuseType(reader, side, 'L', 'list_append')
    return { kind: 'list-append', left, right }
  }
  return reader.operand()
}

function operandOf(
  reader: TokenReader,
  section: Section,
  types: readonly string[],
): dynamo.AttributeValue {
  const value = reader.value()
  if (!types.includes(typeOf(value))) throw wrongType(reader, section, typeOf(value))
  return value
}

function refuseType(reader: TokenReader, side: NewValue, wanted: string, operator: string): void {
  if (side.kind !== 'value' || typeOf(side.value) === wanted) return
  throw wrongType(reader, operator, typeOf(side.value))
}

function wrongType(reader: TokenReader, operator: string, type: string): Error {
  return reader.invalid(
    `Incorrect operand type for operator or function; operator: ${operator}, operand type: ${type}`,
  )
}

function refuseOverlap(reader: TokenReader, actions: readonly UpdateAction[]): void {
  const names = actions.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) {
    throw reader.invalid(
      `Two document paths overlap with each other; must remove or rewrite one of these paths; path: [${twice}]`,
    )
  }
}
