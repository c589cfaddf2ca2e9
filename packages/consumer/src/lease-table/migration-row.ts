/** The `Migration3.0` row: which generation of KCL's algorithms the fleet runs. Pure. */
import type { dynamo } from '@millrace/core'
import { keyOf } from '../lease/lease-writes.ts'
import { MIGRATION_KEY } from '../lease/reserved-keys.ts'

export type MigrationVerdict =
  | { readonly kind: 'run' }
  | { readonly kind: 'refuse'; readonly clientVersion: string; readonly why: string }

export function judgeMigrationRow(row: dynamo.Item): MigrationVerdict {
  const clientVersion = row['cv']?.S ?? ''
  switch (clientVersion) {
    case 'CLIENT_VERSION_3X':
    case 'CLIENT_VERSION_3X_WITH_ROLLBACK':
      return { kind: 'run' }
    case 'CLIENT_VERSION_2X':
      return { kind: 'refuse', clientVersion, why: 'the fleet was rolled back to KCL 2.x' }
    case 'CLIENT_VERSION_UPGRADE_FROM_2X':
      return { kind: 'refuse', clientVersion, why: 'a migration from KCL 2.x is half done' }
    default:
      return { kind: 'refuse', clientVersion, why: 'its client version is unknown' }
  }
}

export function migrationWrite(
  tableName: string,
  workerId: string,
  nowMs: number,
): dynamo.PutItemInput {
  const stamp = { mb: { S: workerId }, mts: { N: String(nowMs) } }
  return {
    TableName: tableName,
    Item: {
      ...keyOf(MIGRATION_KEY),
      entityType: { S: 'CLIENT_VERSION_MIGRATION' },
      cv: { S: 'CLIENT_VERSION_3X' },
      ...stamp,
      h: { L: [{ M: { cv: { S: 'CLIENT_VERSION_INIT' }, ...stamp } }] },
    },
    ConditionExpression: 'attribute_not_exists(leaseKey)',
  }
}
