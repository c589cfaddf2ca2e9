/** The lease table as a real KCL 3.5.1 left it, as an order to make one like it. */
import { readFileSync } from 'node:fs'
import type { dynamo } from '@millrace/core'

const RECORDED = new URL('../golden/kcl/table-fresh.json', import.meta.url)

interface RecordedTable {
  readonly describeTable: {
    readonly AttributeDefinitions: readonly dynamo.AttributeDefinition[]
    readonly KeySchema: readonly dynamo.KeySchemaElement[]
    readonly GlobalSecondaryIndexes: readonly dynamo.GlobalSecondaryIndexInput[]
  }
}

export function kclTableInput(tableName: string): dynamo.CreateTableInput {
  const { describeTable: table } = JSON.parse(readFileSync(RECORDED, 'utf8')) as RecordedTable
  return {
    TableName: tableName,
    AttributeDefinitions: table.AttributeDefinitions,
    KeySchema: table.KeySchema,
    BillingMode: 'PAY_PER_REQUEST',
    GlobalSecondaryIndexes: table.GlobalSecondaryIndexes.map(
      ({ IndexName, KeySchema, Projection }) => ({ IndexName, KeySchema, Projection }),
    ),
  }
}
