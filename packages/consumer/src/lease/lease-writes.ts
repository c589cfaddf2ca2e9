/**
 * Every write to a lease row, with the condition that KCL puts on it. Pure: requests are data.
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

/** Heartbeat. The owner is not part of the condition: the counter alone fences (KCL's rule). */
export function renewWrite(tableName: string, lease: Lease): dynamo.UpdateItemInput {
  return {
    TableName: tableName,
    Key: keyOf(lease.leaseKey),
    UpdateExpression: 'SET leaseCounter = :next',
    ConditionExpression: 'leaseCounter = :known AND attribute_not_exists(checkpointOwner)',
    ExpressionAttributeValues: counters(lease),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

/** Stores a position, clears any pending one, and counts as a heartbeat. */
export function checkpointWrite(
  tableName: string,
  lease: Lease,
  at: ExtendedSequenceNumber,
): dynamo.UpdateItemInput {
  return counterFenced(
    tableName,
    lease,
    `SET leaseCounter = :next, ${POSITION}${rangeSet(lease)} REMOVE ${PENDING}`,
    positionValues(at),
  )
}

/** Stores a pending position beside the current one. KCL: `prepareCheckpoint`. */
export function prepareCheckpointWrite(
  tableName: string,
  lease: Lease,
  pending: ExtendedSequenceNumber,
  state: Uint8Array | undefined,
): dynamo.UpdateItemInput {
  const setState = state === undefined ? '' : ', pendingCheckpointState = :state'
  const removeState = state === undefined ? ' REMOVE pendingCheckpointState' : ''
  return counterFenced(
    tableName,
    lease,
    `SET leaseCounter = :next, ${POSITION}, pendingCheckpoint = :pending, ` +
      `pendingCheckpointSubSequenceNumber = :pendingSub${setState}${rangeSet(lease)}${removeState}`,
    {
      ...positionValues(lease.checkpoint),
      ':pending': { S: pending.sequenceNumber },
      ':pendingSub': { N: String(pending.subSequenceNumber) },
      ...(state === undefined ? {} : { ':state': { B: state } }),
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
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

/**
 * Gives the lease to `newOwner`. KCL conditions on both owners; the counter is ours on top: a
 * holder that has just woken up and renewed is not taken for dead.
 */
export function assignWrite(
  tableName: string,
  lease: Lease,
  newOwner: string,
): dynamo.UpdateItemInput {
  const counted =
    (lease.leaseOwner !== undefined && lease.leaseOwner !== newOwner) ||
    lease.checkpointOwner === newOwner
  return {
    ...ownerFenced(tableName, lease, {
      ':new': { S: newOwner },
      ':one': { N: '1' },
      ':known': { N: String(lease.leaseCounter) },
    }),
    ConditionExpression: `${ownersMatch(lease)} AND leaseCounter = :known`,
    UpdateExpression:
      'SET leaseOwner = :new REMOVE checkpointOwner ADD leaseCounter :one' +
      (counted ? ', ownerSwitchesSinceCheckpoint :one' : ''),
    ReturnValues: 'ALL_NEW',
  }
}

/** Ends a handoff that a Java leader asked of this worker: the next owner may start. */
export function completeHandoffWrite(
  tableName: string,
  lease: Lease,
  nextOwner: string,
): dynamo.UpdateItemInput {
  return {
    ...ownerFenced(tableName, lease, { ':new': { S: nextOwner }, ':one': { N: '1' } }),
    UpdateExpression: 'SET leaseOwner = :new REMOVE checkpointOwner ADD leaseCounter :one',
    ReturnValues: 'ALL_NEW',
  }
}

/** Frees the lease. KCL: `evictLease`. */
export function releaseWrite(tableName: string, lease: Lease): dynamo.UpdateItemInput {
  const freed =
    lease.checkpointOwner === undefined ? 'leaseOwner, checkpointOwner' : 'checkpointOwner'
  return {
    ...ownerFenced(tableName, lease, { ':one': { N: '1' } }),
    UpdateExpression: `REMOVE ${freed} ADD leaseCounter :one`,
    ReturnValues: 'ALL_NEW',
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
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

function ownersMatch(lease: Lease): string {
  const owner =
    lease.leaseOwner === undefined ? 'attribute_not_exists(leaseOwner)' : 'leaseOwner = :owner'
  const checkpointOwner =
    lease.checkpointOwner === undefined
      ? 'attribute_not_exists(checkpointOwner)'
      : 'checkpointOwner = :checkpointOwner'
  return `leaseKey = :key AND ${owner} AND ${checkpointOwner}`
}

function ownerFenced(
  tableName: string,
  lease: Lease,
  values: dynamo.Item,
): Pick<
  dynamo.UpdateItemInput,
  | 'TableName'
  | 'Key'
  | 'ConditionExpression'
  | 'ExpressionAttributeValues'
  | 'ReturnValuesOnConditionCheckFailure'
> {
  return {
    TableName: tableName,
    Key: keyOf(lease.leaseKey),
    ConditionExpression: ownersMatch(lease),
    ExpressionAttributeValues: {
      ...values,
      ':key': { S: lease.leaseKey },
      ...(lease.leaseOwner === undefined ? {} : { ':owner': { S: lease.leaseOwner } }),
      ...(lease.checkpointOwner === undefined
        ? {}
        : { ':checkpointOwner': { S: lease.checkpointOwner } }),
    },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}
