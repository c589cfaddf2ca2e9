/** #names and :values of one request; each must be defined, and each defined one must be used. */
import type { AttributeValue, Item } from '@millrace/core/internal'

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** The reserved words that attributes of a lease table could collide with, and the grammar's own. */
const RESERVED: ReadonlySet<string> = new Set(
  'ADD ALL AND ANY AS BETWEEN BY DATA DATE DELETE EXISTS IN KEY KEYS LIST MAP NAME NOT OR OWNER REMOVE SET STATE STATUS TABLE TIME TIMESTAMP TYPE UPDATE USER VALUE VALUES'.split(
    ' ',
  ),
)

export class Placeholders {
  readonly #names: Readonly<Record<string, string>>
  readonly #values: Item
  readonly #used = new Set<string>()

  constructor(names: Readonly<Record<string, string>> | undefined, values: Item | undefined) {
    this.#names = names ?? {}
    this.#values = values ?? {}
  }

  name(token: string): string {
    if (!token.startsWith('#')) {
      if (!PLAIN_NAME.test(token)) throw new Error(`${JSON.stringify(token)} is no attribute name`)
      if (RESERVED.has(token.toUpperCase())) {
        throw new Error(`Attribute name is a reserved keyword; reserved keyword: ${token}`)
      }
      return token
    }
    const name = Object.hasOwn(this.#names, token) ? this.#names[token] : undefined
    if (name === undefined) {
      throw new Error(
        `An expression attribute name used in the document path is not defined: ${token}`,
      )
    }
    this.#used.add(token)
    return name
  }

  value(token: string): AttributeValue {
    const value = Object.hasOwn(this.#values, token) ? this.#values[token] : undefined
    if (value === undefined) {
      throw new Error(`An expression attribute value used in expression is not defined: ${token}`)
    }
    this.#used.add(token)
    return value
  }

  /** @throws Error naming a placeholder that no expression used */
  finish(): void {
    for (const key of [...Object.keys(this.#names), ...Object.keys(this.#values)]) {
      if (!this.#used.has(key)) throw new Error(`Value unused in expressions: ${key}`)
    }
  }
}
