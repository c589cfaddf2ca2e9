/** Cuts an expression into tokens. Pure. */
import { invalid } from './refusal.ts'

/** Which request field an expression came in; it stands in every refusal. */
export type ExpressionField =
  | 'ConditionExpression'
  | 'UpdateExpression'
  | 'FilterExpression'
  | 'KeyConditionExpression'

export interface Token {
  /** `word`: bare name, keyword or function; `name`: `#placeholder`; `value`: `:placeholder`. */
  readonly kind: 'word' | 'name' | 'value' | 'symbol' | 'end'
  readonly text: string
  readonly at: number
}

const TOKEN =
  /\s*(?:(?<word>[A-Za-z][A-Za-z0-9_]*)|(?<name>#[A-Za-z0-9_]+)|(?<value>:[A-Za-z0-9_]+)|(?<symbol><>|<=|>=|[=<>(),+-]))/y
const MAX_BYTES = 4096
/** Programs send the same few texts again and again: their tokens are kept. */
const MAX_KEPT_TEXTS = 256
const keptTokens: Map<string, readonly Token[]> = new Map()

/** @throws DynamoRefusal naming the text at fault */
export function tokensOf(field: ExpressionField, text: string): readonly Token[] {
  const kept = keptTokens.get(text)
  if (kept !== undefined) return kept
  const tokens = cut(field, text)
  if (keptTokens.size >= MAX_KEPT_TEXTS) keptTokens.clear()
  keptTokens.set(text, tokens)
  return tokens
}

function cut(field: ExpressionField, text: string): readonly Token[] {
  if (text.trim() === '') throw invalid(`Invalid ${field}: The expression can not be empty;`)
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw invalid(
      `Invalid ${field}: Expression size has exceeded the maximum allowed size; ` +
        `expression size: ${Buffer.byteLength(text)}`,
    )
  }
  const tokens: Token[] = []
  let at = 0
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at
    const groups = TOKEN.exec(text)?.groups
    if (groups === undefined) throw unreadable(field, text, at)
    at = TOKEN.lastIndex
    tokens.push(tokenOf(groups, at))
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: text.length })
  return tokens
}

/** Says what was found where, as the service does. */
export function syntaxError(field: ExpressionField, text: string, token: Token): Error {
  const near = text.slice(Math.max(0, token.at - 20), token.at + token.text.length + 20)
  return invalid(`Invalid ${field}: Syntax error; token: "${token.text}", near: "${near.trim()}"`)
}

function tokenOf(groups: Readonly<Record<string, string | undefined>>, end: number): Token {
  for (const kind of ['word', 'name', 'value', 'symbol'] as const) {
    const text = groups[kind]
    if (text !== undefined) return { kind, text, at: end - text.length }
  }
  throw new TypeError('A token of no kind')
}

function unreadable(field: ExpressionField, text: string, from: number): Error {
  const at = from + (/\S/.exec(text.slice(from))?.index ?? 0)
  const character = text.charAt(at)
  if (character === '.' || character === '[') {
    return invalid(
      `Invalid ${field}: SimulatedDynamo knows whole attributes only, no document paths: ` +
        `"${text.slice(Math.max(0, at - 20), at + 20)}"`,
    )
  }
  return syntaxError(field, text, { kind: 'symbol', text: character, at })
}
