/** A lease table in a simulated DynamoDB, with rows as given. */
import type { DynamoPort, dynamo } from '@millrace/core'
import { SimulatedDynamo, type SimulatedDynamoOptions } from '@millrace/testing'
import { createTableInput } from '../../src/lease-table/table-shape.ts'
import type { ResolvedLeaseTable } from '../../src/options.ts'

export const TABLE = 'leases'

/** As made without any option. */
export const PLAIN_TABLE: ResolvedLeaseTable = {
  billing: 'on-demand',
  tags: [],
  deletionProtection: false,
  pointInTimeRecovery: false,
}

export async function tableWith(
  rows: readonly dynamo.Item[],
  options?: SimulatedDynamoOptions,
): Promise<SimulatedDynamo> {
  const simulated = new SimulatedDynamo(options)
  await simulated.createTable(createTableInput(TABLE))
  for (const Item of rows) await simulated.putItem({ TableName: TABLE, Item })
  return simulated
}

export async function rowOf(port: DynamoPort, leaseKey: string): Promise<dynamo.Item | undefined> {
  const input = { TableName: TABLE, Key: { leaseKey: { S: leaseKey } }, ConsistentRead: true }
  return (await port.getItem(input)).Item
}
