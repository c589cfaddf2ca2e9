/** The names and values that the expressions of one request share; each must be defined and used. */
import type { dynamo } from '@millrace/core'
import { acceptValue } from './accept-value.ts'
import { invalid } from './refusal.ts'

const NAME = /^#\w+$/
const VALUE = /^:\w+$/

export class Placeholders {
  readonly #names: ReadonlyMap<string, string>
  readonly #values: ReadonlyMap<string, dynamo.AttributeValue>
  readonly #used: Set<string> = new Set()

  /** @throws DynamoRefusal for ill-formed placeholders and values */
  constructor(input: dynamo.ExpressionInput) {
    this.#names = checked('ExpressionAttributeNames', input.ExpressionAttributeNames, NAME)
    const values = checked('ExpressionAttributeValues', input.ExpressionAttributeValues, VALUE)
    for (const [key, value] of values) values.set(key, acceptValue(value))
    this.#values = values
  }

  /** @throws DynamoRefusal */
  name(placeholder: string): string {
    this.#used.add(placeholder)
    const name = this.#names.get(placeholder)
    if (name !== undefined) return name
    throw invalid(
      `An expression attribute name used in the document path is not defined; attribute name: ${placeholder}`,
    )
  }

  /** @throws DynamoRefusal */
  value(placeholder: string): dynamo.AttributeValue {
    this.#used.add(placeholder)
    const value = this.#values.get(placeholder)
    if (value !== undefined) return value
    throw invalid(
      `An expression attribute value used in expression is not defined; attribute value: ${placeholder}`,
    )
  }

  /** To be called when every expression of the request was parsed. @throws DynamoRefusal */
  refuseUnused(): void {
    this.#refuseUnused('ExpressionAttributeNames', this.#names)
    this.#refuseUnused('ExpressionAttributeValues', this.#values)
  }

  #refuseUnused(field: string, defined: ReadonlyMap<string, unknown>): void {
    for (const key of defined.keys()) if (!this.#used.has(key)) throw this.#unused(field, defined)
  }

  #unused(field: string, defined: ReadonlyMap<string, unknown>): Error {
    const unused = [...defined.keys()].filter((key) => !this.#used.has(key))
    return invalid(`Value provided in ${field} unused in expressions: keys: {${unused.join(', ')}}`)
  }
}

function checked<T>(
  field: string,
  given: Readonly<Record<string, T>> | undefined,
  syntax: RegExp,
): Map<string, T> {
  const members = new Map<string, T>()
  if (given === undefined) return members
  for (const key of Object.keys(given)) {
    if (!syntax.test(key))
      throw invalid(`${field} contains invalid key: Syntax error; key: "${key}"`)
    members.set(key, given[key] as T)
  }
  if (members.size === 0) throw invalid(`${field} must not be empty`)
  return members
}
