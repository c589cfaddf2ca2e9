/** Update text -> Update. Pure; throws plain errors whose text goes into the refusal. */
import type { AttributeValue } from '@millrace/core/internal'
import type { SetTerm, SetValue, Update } from './expression-ast.ts'
import { parseOperand } from './parse-condition.ts'
import type { Placeholders } from './placeholders.ts'
import { TokenReader } from './tokens.ts'

export function parseUpdate(expression: string, placeholders: Placeholders): Update {
  const reader = new TokenReader(expression)
  const set: { name: string; value: SetValue }[] = []
  const remove: string[] = []
  const add: { name: string; value: AttributeValue }[] = []
  const deleted: { name: string; value: AttributeValue }[] = []
  const seen = new Set<string>()
  while (!reader.done) {
    const clause = reader.next().toUpperCase()
    if (seen.has(clause)) throw new Error(`The "${clause}" section can only be used once`)
    seen.add(clause)
    if (clause === 'SET') list(reader, () => set.push(assignment(reader, placeholders)))
    else if (clause === 'REMOVE') list(reader, () => remove.push(placeholders.name(reader.next())))
    else if (clause === 'ADD') list(reader, () => add.push(pair(reader, placeholders)))
    else if (clause === 'DELETE') list(reader, () => deleted.push(pair(reader, placeholders)))
    else throw new Error(`Syntax error near ${JSON.stringify(clause)}`)
  }
  refuseOverlap([...set, ...add, ...deleted].map(({ name }) => name).concat(remove))
  return { set, remove, add, delete: deleted }
}

function list(reader: TokenReader, one: () => unknown): void {
  do one()
  while (reader.accept(','))
}

function assignment(
  reader: TokenReader,
  placeholders: Placeholders,
): { name: string; value: SetValue } {
  const name = placeholders.name(reader.next())
  reader.expect('=')
  const left = term(reader, placeholders)
  if (reader.accept('+')) {
    return { name, value: { type: 'add', left, right: term(reader, placeholders) } }
  }
  if (reader.accept('-')) {
    return { name, value: { type: 'subtract', left, right: term(reader, placeholders) } }
  }
  return { name, value: left }
}

function term(reader: TokenReader, placeholders: Placeholders): SetTerm {
  if (reader.peek() !== 'if_not_exists') return parseOperand(reader, placeholders)
  reader.next()
  reader.expect('(')
  const name = placeholders.name(reader.next())
  reader.expect(',')
  const otherwise = parseOperand(reader, placeholders)
  reader.expect(')')
  return { type: 'if_not_exists', name, otherwise }
}

function pair(
  reader: TokenReader,
  placeholders: Placeholders,
): { name: string; value: AttributeValue } {
  const name = placeholders.name(reader.next())
  return { name, value: placeholders.value(reader.next()) }
}

function refuseOverlap(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name))
      throw new Error(`Two document paths overlap with each other; path: [${name}]`)
    seen.add(name)
  }
}
