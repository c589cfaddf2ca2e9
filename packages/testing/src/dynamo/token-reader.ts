/** Reads the tokens of one expression, one after the other; knows names, values and commas. */
import type { dynamo } from '@millrace/core'
import { type ExpressionField, syntaxError, type Token, tokensOf } from './expression-lexer.ts'
import type { Operand } from './expression-nodes.ts'
import type { Placeholders } from './placeholders.ts'
import { invalid } from './refusal.ts'
import { isReservedWord } from './reserved-words.ts'

export class TokenReader {
  readonly field: ExpressionField
  readonly #text: string
  readonly #placeholders: Placeholders
  readonly #tokens: readonly Token[]
  #at = 0

  /** @throws DynamoRefusal */
  constructor(field: ExpressionField, text: string, placeholders: Placeholders) {
    this.field = field
    this.#text = text
    this.#placeholders = placeholders
    this.#tokens = tokensOf(field, text)
  }

  get next(): Token {
    return this.#ahead(0)
  }

  take(): Token {
    const token = this.next
    if (token.kind !== 'end') this.#at++
    return token
  }

  takeSymbol(symbol: string): boolean {
    const found = this.next.kind === 'symbol' && this.next.text === symbol
    if (found) this.#at++
    return found
  }

  /** Keywords are alike in upper and lower case. */
  takeKeyword(keyword: string): boolean {
    const found = this.next.kind === 'word' && this.next.text.toUpperCase() === keyword
    if (found) this.#at++
    return found
  }

  /** True, and past the opening bracket, when a call of a function comes. */
  takeCall(name: string): boolean {
    const found = this.next.kind === 'word' && this.next.text === name && this.#opensAfterNext()
    if (found) this.#at += 2
    return found
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.refuse()
  }

  expectKeyword(keyword: string): void {
    if (!this.takeKeyword(keyword)) throw this.refuse()
  }

  expectEnd(): void {
    if (this.next.kind !== 'end') throw this.refuse()
  }

  /** One or more, with commas between. */
  list<T>(read: () => T): T[] {
    const members = [read()]
    while (this.takeSymbol(',')) members.push(read())
    return members
  }

  operand(): Operand {
    return this.next.kind === 'value'
      ? { kind: 'value', value: this.value() }
      : { kind: 'attribute', name: this.attributeName() }
  }

  attributeName(): string {
    const { kind, text } = this.next
    if (kind === 'word' && this.#opensAfterNext()) {
      throw this.invalid(`Invalid function name; function: ${text}`)
    }
    if (kind !== 'name' && kind !== 'word') throw this.refuse()
    if (kind === 'word' && isReservedWord(text)) {
      throw this.invalid(`Attribute name is a reserved keyword; reserved keyword: ${text}`)
    }
    this.#at++
    return kind === 'name' ? this.#within(() => this.#placeholders.name(text)) : text
  }

  value(): dynamo.AttributeValue {
    const { kind, text } = this.next
    if (kind !== 'value') throw this.refuse()
    this.#at++
    return this.#within(() => this.#placeholders.value(text))
  }

  /** The next token is not what may stand here. */
  refuse(): Error {
    return syntaxError(this.field, this.#text, this.next)
  }

  invalid(message: string): Error {
    return invalid(`Invalid ${this.field}: ${message} (in "${this.#text}")`)
  }

  #opensAfterNext(): boolean {
    const token = this.#ahead(1)
    return token.kind === 'symbol' && token.text === '('
  }

  #within<T>(look: () => T): T {
    try {
      return look()
    } catch (cause) {
      throw cause instanceof Error ? this.invalid(cause.message) : cause
    }
  }

  #ahead(count: number): Token {
    const token = this.#tokens[Math.min(this.#at + count, this.#tokens.length - 1)]
    if (token === undefined) throw new TypeError('No end token')
    return token
  }
}
