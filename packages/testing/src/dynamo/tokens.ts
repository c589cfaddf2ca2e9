/** Splits an expression into words and signs; what it does not know it refuses. Pure. */

/** Words (names, #names, :values, keywords) and signs. */
const TOKEN = /\s*(?:([A-Za-z_][A-Za-z0-9_]*|[#:][A-Za-z0-9_]+)|(<>|<=|>=|[=<>(),+-]))/y

/** @throws Error with the text that is no token */
export function tokensOf(expression: string): readonly string[] {
  const tokens: string[] = []
  const text = expression.trimEnd()
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null)
      throw new Error(`Syntax error near ${JSON.stringify(text.slice(at, at + 20))}`)
    tokens.push(match[1] ?? match[2] ?? '')
  }
  return tokens
}

/** A position in a list of tokens. */
export class TokenReader {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(expression: string) {
    this.#tokens = tokensOf(expression)
    if (this.#tokens.length === 0) throw new Error('The expression is empty')
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length
  }

  peek(ahead = 0): string | undefined {
    return this.#tokens[this.#at + ahead]
  }

  next(): string {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new Error('The expression ends too early')
    return token
  }

  /** Consumes the keyword or sign when it comes next. */
  accept(expected: string): boolean {
    if (this.peek()?.toUpperCase() !== expected.toUpperCase()) return false
    this.#at++
    return true
  }

  expect(expected: string): void {
    const token = this.peek()
    if (this.accept(expected)) return
    throw new Error(
      `Syntax error: ${JSON.stringify(expected)} is missing before ${JSON.stringify(token ?? 'the end')}`,
    )
  }

  /** @throws Error when something is left over */
  finish(): void {
    if (this.done) return
    throw new Error(`Syntax error near ${JSON.stringify(this.peek())}`)
  }
}
