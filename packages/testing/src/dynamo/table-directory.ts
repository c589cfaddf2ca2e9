/** Which tables there are. */
import { inUse, missing } from './refusal.ts'
import type { Table } from './table.ts'

/** The tables of one account and region. */
export class TableDirectory {
  readonly #tables: Map<string, Table> = new Map()

  add(table: Table): void {
    if (this.#tables.has(table.name)) throw inUse(`Table already exists: ${table.name}`)
    this.#tables.set(table.name, table)
  }

  names(): string[] {
    return [...this.#tables.keys()].sort()
  }

  /** @throws DynamoRefusal */
  described(name: string): Table {
    const table = this.#tables.get(name)
    if (table === undefined) {
      throw missing(`Requested resource not found: Table: ${name} not found`)
    }
    return table
  }

  /** A table whose rows can be reached: not one that is being created. @throws DynamoRefusal */
  usable(name: string): Table {
    const table = this.#tables.get(name)
    if (table === undefined || table.status === 'CREATING') {
      throw missing(`Requested resource not found: ${name}`)
    }
    return table
  }
}
