/** Rows of a consumer of many streams, as KCL keeps them. */
import type { dynamo } from '@millrace/core'

export const OTHER_STREAM = '123456789012:other:1700000000'

/** A lease whose shard has the name of one of ours. */
export function leaseOfManyStreams(shard: number, owner: string | undefined): dynamo.Item {
  const shardId = `shardId-00000000000${shard}`
  return {
    ...leaseRow(`${OTHER_STREAM}:${shardId}`, owner),
    streamName: { S: OTHER_STREAM },
    shardId: { S: shardId },
  }
}

/** What all leases have. */
export function leaseRow(leaseKey: string, owner: string | undefined): dynamo.Item {
  return {
    leaseKey: { S: leaseKey },
    entityType: { S: 'LEASE' },
    leaseCounter: { N: '7' },
    checkpoint: { S: 'TRIM_HORIZON' },
    checkpointSubSequenceNumber: { N: '0' },
    ownerSwitchesSinceCheckpoint: { N: '0' },
    startingHashKey: { S: '0' },
    endingHashKey: { S: '340282366920938463463374607431768211455' },
    ...(owner === undefined ? {} : { leaseOwner: { S: owner } }),
  }
}

/** What may stand beside them: of a worker, of the leader, of the upgrade that founded the fleet. */
export const ROWS_BESIDES: readonly dynamo.Item[] = [
  {
    leaseKey: { S: 'java-worker' },
    entityType: { S: 'WORKER_METRIC_STATS' },
    wid: { S: 'java-worker' },
  },
  { leaseKey: { S: 'Leader' }, entityType: { S: 'LEADER' }, ownerName: { S: 'java-worker' } },
  {
    leaseKey: { S: 'Migration3.0' },
    entityType: { S: 'MIGRATION' },
    cv: { S: 'CLIENT_VERSION_3X' },
  },
]

/** A table of leases, of whichever kind. */
export function leaseTable(tableName: string, hasIndex: boolean): dynamo.CreateTableInput {
  const hash = { AttributeName: 'leaseKey', KeyType: 'HASH' } as const
  const key = { AttributeName: 'leaseKey', AttributeType: 'S' } as const
  const table = { TableName: tableName, BillingMode: 'PAY_PER_REQUEST', KeySchema: [hash] } as const
  if (!hasIndex) return { ...table, AttributeDefinitions: [key] }
  return {
    ...table,
    AttributeDefinitions: [key, { AttributeName: 'leaseOwner', AttributeType: 'S' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'LeaseOwnerToLeaseKeyIndex',
        KeySchema: [
          { AttributeName: 'leaseOwner', KeyType: 'HASH' },
          { AttributeName: 'leaseKey', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  }
}
