/** The leader lock row, as the Java lock client writes it, and the writes on it. Pure. */
import type { dynamo } from '@millrace/core'
import { keyOf } from './lease-writes.ts'
import { LEADER_KEY } from './reserved-keys.ts'

export interface LeaderRow {
  readonly ownerName: string
  /** How long the row may stand still before it is stale. */
  readonly leaseDurationMs: number
  /** A new UUID with each heartbeat. */
  readonly recordVersionNumber: string
  readonly isReleased: boolean
}

/** What the lock client falls back to when the text is no number. */
const DEFAULT_LEASE_DURATION_MS = 120_000

export function readLeaderRow(row: dynamo.Item): LeaderRow | undefined {
  const ownerName = row['ownerName']?.S
  const recordVersionNumber = row['recordVersionNumber']?.S
  if (ownerName === undefined || recordVersionNumber === undefined) return undefined
  const duration = Number(row['leaseDuration']?.S)
  return {
    ownerName,
    recordVersionNumber,
    leaseDurationMs:
      Number.isFinite(duration) && duration > 0 ? duration : DEFAULT_LEASE_DURATION_MS,
    isReleased: row['isReleased']?.S === '1',
  }
}

export interface LeaderClaim {
  readonly workerId: string
  readonly leaseDurationMs: number
  readonly recordVersionNumber: string
}

/** Takes a lock that nobody holds, was released, or has stood still too long. */
export function acquireWrite(
  tableName: string,
  claim: LeaderClaim,
  seen: LeaderRow | undefined,
): dynamo.PutItemInput {
  const write = {
    TableName: tableName,
    Item: {
      ...keyOf(LEADER_KEY),
      entityType: { S: 'LEADER' },
      ownerName: { S: claim.workerId },
      leaseDuration: { S: String(claim.leaseDurationMs) },
      recordVersionNumber: { S: claim.recordVersionNumber },
    },
  }
  if (seen === undefined) {
    return { ...write, ConditionExpression: 'attribute_not_exists(leaseKey)' }
  }
  return {
    ...write,
    ConditionExpression: 'attribute_exists(leaseKey) AND recordVersionNumber = :seen',
    ExpressionAttributeValues: { ':seen': { S: seen.recordVersionNumber } },
  }
}

export function heartbeatWrite(
  tableName: string,
  claim: LeaderClaim,
  heldVersion: string,
): dynamo.UpdateItemInput {
  return {
    TableName: tableName,
    Key: keyOf(LEADER_KEY),
    UpdateExpression: 'SET leaseDuration = :duration, recordVersionNumber = :next',
    ...heldBy(claim.workerId, heldVersion, {
      ':duration': { S: String(claim.leaseDurationMs) },
      ':next': { S: claim.recordVersionNumber },
    }),
  }
}

export function releaseLeaderWrite(
  tableName: string,
  workerId: string,
  heldVersion: string,
): dynamo.DeleteItemInput {
  return { TableName: tableName, Key: keyOf(LEADER_KEY), ...heldBy(workerId, heldVersion, {}) }
}

function heldBy(
  workerId: string,
  heldVersion: string,
  values: dynamo.Item,
): Pick<dynamo.DeleteItemInput, 'ConditionExpression' | 'ExpressionAttributeValues'> {
  return {
    ConditionExpression:
      'attribute_exists(leaseKey) AND recordVersionNumber = :held AND ownerName = :me',
    ExpressionAttributeValues: { ...values, ':held': { S: heldVersion }, ':me': { S: workerId } },
  }
}
