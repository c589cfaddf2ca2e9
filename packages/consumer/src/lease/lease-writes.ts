/**
 * Every write to a lease row but changes of owner (owner-writes.ts), with the condition that KCL
 * puts on it. Pure: requests are data.
 * Only named attributes are touched: what other software keeps in the row survives.
 */
import type { dynamo, ExtendedSequenceNumber } from '@millrace/core'
import type { Lease, NewLease } from './lease.ts'
import { newLeaseRow } from './lease-row.ts'

export function createWrite(tableName: string, lease: NewLease): dynamo.PutItemInput {
  return {
    TableName: tableName,
    Item: newLeaseRow(lease),
    ConditionExpression: 'attribute_not_exists(leaseKey)',
  }
}

/**
 * Heartbeat. The owner is not part of the condition: the counter alone fences (KCL's rule). It
 * fails on a handoff that this worker does not know of yet, and thus learns of it.
 */
export function renewWrite(
  tableName: string,
  lease: Lease,
  throughputKBps?: number,
): dynamo.UpdateItemInput {
  const unasked =
    lease.checkpointOwner === undefined ? ' AND attribute_not_exists(checkpointOwner)' : ''
  return {
    TableName: tableName,
    Key: keyOf(lease.leaseKey),
    UpdateExpression: `SET leaseCounter = :next${throughputSet(throughputKBps)}`,
    ConditionExpression: `leaseCounter = :known${unasked}`,
    ExpressionAttributeValues: { ...counters(lease), ...throughputValue(throughputKBps) },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

/**
 * Stores a position, clears any pending one, and counts as a heartbeat. Its condition lets a handoff
 * pass, so the row is asked for: it shows what a leader has asked for. KCL stores the throughput with
 * renewals only; ours do without them where checkpoints come often.
 */
export function checkpointWrite(
  tableName: string,
  lease: Lease,
  at: ExtendedSequenceNumber,
  throughputKBps?: number,
): dynamo.UpdateItemInput {
  const sets = `${POSITION}${rangeSet(lease)}${throughputSet(throughputKBps)}`
  return counterFenced(tableName, lease, `SET leaseCounter = :next, ${sets} REMOVE ${PENDING}`, {
    ...positionValues(at),
    ...throughputValue(throughputKBps),
  })
}

/** Stores a pending position beside the current one. KCL: `prepareCheckpoint`. */
export function prepareCheckpointWrite(
  tableName: string,
  lease: Lease,
  pending: ExtendedSequenceNumber,
  state: Uint8Array | undefined,
  throughputKBps?: number,
): dynamo.UpdateItemInput {
  const setState = state === undefined ? '' : ', pendingCheckpointState = :state'
  const removeState = state === undefined ? ' REMOVE pendingCheckpointState' : ''
  return counterFenced(
    tableName,
    lease,
    `SET leaseCounter = :next, ${POSITION}, pendingCheckpoint = :pending, ` +
      `pendingCheckpointSubSequenceNumber = :pendingSub${setState}${rangeSet(lease)}` +
      `${throughputSet(throughputKBps)}${removeState}`,
    {
      ...positionValues(lease.checkpoint),
      ':pending': { S: pending.sequenceNumber },
      ':pendingSub': { N: String(pending.subSequenceNumber) },
      ...(state === undefined ? {} : { ':state': { B: state } }),
      ...throughputValue(throughputKBps),
    },
  )
}

/** Ours: where a tenure at LATEST begins to read. Java keeps the attribute and ignores it. */
export function startTimestampWrite(
  tableName: string,
  lease: Lease,
  startTimestampMs: number,
): dynamo.UpdateItemInput {
  return {
    TableName: tableName,
    Key: keyOf(lease.leaseKey),
    UpdateExpression: 'SET leaseCounter = :next, startTimestampMs = :start',
    ConditionExpression: 'leaseCounter = :known',
    ExpressionAttributeValues: { ...counters(lease), ':start': { N: String(startTimestampMs) } },
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

/** The counter stays: who holds the row is not concerned. KCL: `updateLeaseWithMetaInfo`. */
export function childShardIdsWrite(
  tableName: string,
  leaseKey: string,
  childShardIds: readonly string[],
): dynamo.UpdateItemInput {
  return {
    TableName: tableName,
    Key: keyOf(leaseKey),
    UpdateExpression: 'SET childShardIds = :children',
    ConditionExpression: 'leaseKey = :key',
    ExpressionAttributeValues: {
      ':key': { S: leaseKey },
      ':children': { SS: [...new Set(childShardIds)] },
    },
  }
}

/** KCL deletes unconditionally; ours never takes a row away that is still to be read. */
export function deleteEndedWrite(tableName: string, leaseKey: string): dynamo.DeleteItemInput {
  return {
    TableName: tableName,
    Key: keyOf(leaseKey),
    ConditionExpression: '#checkpoint = :ended',
    ExpressionAttributeNames: { '#checkpoint': 'checkpoint' },
    ExpressionAttributeValues: { ':ended': { S: 'SHARD_END' } },
  }
}

/** Deletes the row as it was read, not one that has been written, or made anew, since. */
export function deleteUnchangedWrite(tableName: string, lease: Lease): dynamo.DeleteItemInput {
  return {
    TableName: tableName,
    Key: keyOf(lease.leaseKey),
    ConditionExpression: 'leaseCounter = :known AND #checkpoint = :at',
    ExpressionAttributeNames: { '#checkpoint': 'checkpoint' },
    ExpressionAttributeValues: {
      ':known': { N: String(lease.leaseCounter) },
      ':at': { S: lease.checkpoint.sequenceNumber },
    },
  }
}

export function keyOf(leaseKey: string): dynamo.Item {
  return { leaseKey: { S: leaseKey } }
}

const POSITION =
  '#checkpoint = :at, checkpointSubSequenceNumber = :sub, ownerSwitchesSinceCheckpoint = :zero'
const PENDING = 'pendingCheckpoint, pendingCheckpointSubSequenceNumber, pendingCheckpointState'

function positionValues(at: ExtendedSequenceNumber): dynamo.Item {
  return {
    ':at': { S: at.sequenceNumber },
    ':sub': { N: String(at.subSequenceNumber) },
    ':zero': { N: '0' },
  }
}

function counters(lease: Lease): dynamo.Item {
  return {
    ':known': { N: String(lease.leaseCounter) },
    ':next': { N: String(lease.leaseCounter + 1) },
  }
}

function throughputSet(throughputKBps: number | undefined): string {
  return throughputKBps === undefined ? '' : ', throughputKBps = :throughput'
}

function throughputValue(throughputKBps: number | undefined): dynamo.Item {
  if (throughputKBps === undefined) return {}
  // KCL's six decimals; DynamoDB's numbers take any of these.
  return { ':throughput': { N: String(Math.round(throughputKBps * 1e6) / 1e6) } }
}

/** KCL writes the range with each checkpoint, so that a row robbed of it by hand heals. */
function rangeSet(lease: Lease): string {
  return lease.hashKeyRange === undefined
    ? ''
    : ', startingHashKey = :rangeStart, endingHashKey = :rangeEnd'
}

function counterFenced(
  tableName: string,
  lease: Lease,
  update: string,
  values: dynamo.Item,
): dynamo.UpdateItemInput {
  const range = lease.hashKeyRange
  return {
    TableName: tableName,
    Key: keyOf(lease.leaseKey),
    UpdateExpression: update,
    ConditionExpression: 'leaseCounter = :known',
    ExpressionAttributeNames: { '#checkpoint': 'checkpoint' },
    ExpressionAttributeValues: {
      ...counters(lease),
      ...values,
      ...(range === undefined
        ? {}
        : {
            ':rangeStart': { S: range.start.toString() },
            ':rangeEnd': { S: range.end.toString() },
          }),
    },
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}
