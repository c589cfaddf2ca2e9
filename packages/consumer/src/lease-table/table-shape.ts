/** What a lease table looks like, and whether a table found is one. Pure. */
import type { dynamo } from '@millrace/core'
import type { ResolvedLeaseTable } from '../options.ts'

export const OWNER_INDEX = 'LeaseOwnerToLeaseKeyIndex'

const OWNER_INDEX_INPUT: dynamo.GlobalSecondaryIndexInput = {
  IndexName: OWNER_INDEX,
  KeySchema: [
    { AttributeName: 'leaseOwner', KeyType: 'HASH' },
    { AttributeName: 'leaseKey', KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'KEYS_ONLY' },
}
const ATTRIBUTES: readonly dynamo.AttributeDefinition[] = [
  { AttributeName: 'leaseKey', AttributeType: 'S' },
  { AttributeName: 'leaseOwner', AttributeType: 'S' },
]

const PLAIN = { billing: 'on-demand', tags: [], deletionProtection: false } as const

/** The index comes with the table: KCL adds it later, which costs a minute and ends alike. */
export function createTableInput(
  tableName: string,
  { billing, tags, deletionProtection }: Omit<ResolvedLeaseTable, 'pointInTimeRecovery'> = PLAIN,
): dynamo.CreateTableInput {
  const capacity =
    billing === 'on-demand'
      ? {}
      : {
          ProvisionedThroughput: {
            ReadCapacityUnits: billing.readCapacityUnits,
            WriteCapacityUnits: billing.writeCapacityUnits,
          },
        }
  return {
    TableName: tableName,
    AttributeDefinitions: ATTRIBUTES,
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    BillingMode: billing === 'on-demand' ? 'PAY_PER_REQUEST' : 'PROVISIONED',
    ...capacity,
    GlobalSecondaryIndexes: [{ ...OWNER_INDEX_INPUT, ...capacity }],
    DeletionProtectionEnabled: deletionProtection,
    ...(tags.length === 0 ? {} : { Tags: tags }),
  }
}

/** KCL's request: keys of the leases under this owner. */
export function ownedByQuery(tableName: string, workerId: string): dynamo.QueryInput {
  return {
    TableName: tableName,
    IndexName: OWNER_INDEX,
    KeyConditionExpression: 'leaseOwner = :leaseOwner',
    ExpressionAttributeValues: { ':leaseOwner': { S: workerId } },
  }
}

/** For a table made by an older KCL. A provisioned table's index gets the table's own capacity. */
export function addIndexInput(table: dynamo.TableDescription): dynamo.UpdateTableInput {
  const capacity = table.ProvisionedThroughput
  const provisioned =
    table.BillingMode !== 'PAY_PER_REQUEST' && (capacity?.ReadCapacityUnits ?? 0) > 0
  return {
    TableName: table.TableName,
    AttributeDefinitions: ATTRIBUTES,
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          ...OWNER_INDEX_INPUT,
          ...(provisioned && capacity !== undefined
            ? {
                ProvisionedThroughput: {
                  ReadCapacityUnits: capacity.ReadCapacityUnits,
                  WriteCapacityUnits: capacity.WriteCapacityUnits,
                },
              }
            : {}),
        },
      },
    ],
  }
}

export type TableVerdict = 'ready' | 'wait' | 'add-index' | 'not-a-lease-table'

export function judgeTable(table: dynamo.TableDescription): TableVerdict {
  const [hash, ...others] = table.KeySchema
  const keyed = hash?.AttributeName === 'leaseKey' && hash.KeyType === 'HASH' && others.length === 0
  if (!keyed) return 'not-a-lease-table'
  if (table.TableStatus === 'CREATING' || table.TableStatus === 'DELETING') return 'wait'
  const index = table.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === OWNER_INDEX)
  if (index?.IndexStatus === 'ACTIVE') return 'ready'
  if (index !== undefined || table.TableStatus === 'UPDATING') return 'wait'
  return 'add-index'
}
