/** One group of conformance tests: a door of its own, and a fresh table for each test. */
import type { dynamo } from '@millrace/core'
import type { SuiteFunctions } from '../kinesis/suite.ts'
import type { DynamoDoor, DynamoDoorCapabilities, DynamoDoorSetUp } from './suite.ts'
import { INDEX, TableDriver } from './table-driver.ts'

/** Declares a test that gets a fresh, ACTIVE table; without `needs`, every door must pass it. */
export type TableTest = (
  title: string,
  body: (table: TableDriver) => Promise<void>,
  needs?: keyof DynamoDoorCapabilities,
) => void

/** The table that tests get: like a lease table, with an index on an attribute that may be absent. */
export const TABLE: Omit<dynamo.CreateTableInput, 'TableName'> = {
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' },
    { AttributeName: 'holder', AttributeType: 'S' },
  ],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
  GlobalSecondaryIndexes: [
    {
      IndexName: INDEX,
      KeySchema: [
        { AttributeName: 'holder', KeyType: 'HASH' },
        { AttributeName: 'id', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
}

/** Table names are unique in a process: a door may be one service for all groups. */
let tableCount = 0

export function declareGroup(
  suite: SuiteFunctions,
  setUp: DynamoDoorSetUp,
  title: string,
  declare: (test: TableTest) => void,
): void {
  suite.describe(title, () => {
    let door: DynamoDoor | undefined
    suite.before(async () => {
      door = await setUp()
    })
    suite.after(async () => {
      await door?.tearDown()
    })
    declare((name, body, needs) => {
      suite.it(name, async function () {
        if (door === undefined) throw new Error('The door was not set up')
        if (needs !== undefined && door.capabilities?.[needs] === false) {
          this.skip()
          return
        }
        const table = newTable(door)
        await table.create(TABLE)
        await body(table)
      })
    })
  })
}

/** A table of another shape beside the one that the test was given. */
export function newTable({ port }: Pick<TableDriver, 'port'>): TableDriver {
  tableCount++
  return new TableDriver(port, `conformance-${tableCount}`)
}
