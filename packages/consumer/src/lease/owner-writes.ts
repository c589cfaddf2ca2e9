/**
 * The writes that change who has a lease: by a leader, by a worker that hands over, by one that
 * lets go. Pure: requests are data. KCL conditions on both owners; the counter is mostly ours on top,
 * so that a request which comes late never falls on a tenure that has begun since.
 */
import type { dynamo } from '@millrace/core'
import type { Lease } from './lease.ts'
import { keyOf } from './lease-writes.ts'

/** Gives the lease to `newOwner`. A holder that has just woken up and renewed is not taken for dead. */
export function assignWrite(
  tableName: string,
  lease: Lease,
  newOwner: string,
): dynamo.UpdateItemInput {
  const counted =
    (lease.leaseOwner !== undefined && lease.leaseOwner !== newOwner) ||
    lease.checkpointOwner === newOwner
  return {
    ...ownerFenced(tableName, lease, { ':new': { S: newOwner } }),
    UpdateExpression:
      'SET leaseOwner = :new REMOVE checkpointOwner ADD leaseCounter :one' +
      (counted ? ', ownerSwitchesSinceCheckpoint :one' : ''),
  }
}

/**
 * Takes the lease from an owner that lives, unasked. The counter is not asked for, as in KCL: one that
 * checkpoints often has always written since.
 */
export function takeWrite(
  tableName: string,
  lease: Lease & { readonly leaseOwner: string },
  newOwner: string,
): dynamo.UpdateItemInput {
  const { ExpressionAttributeValues, ...write } = startHandoffWrite(tableName, lease, newOwner)
  return {
    ...write,
    UpdateExpression:
      'SET leaseOwner = :new ADD leaseCounter :one, ownerSwitchesSinceCheckpoint :one',
    ExpressionAttributeValues: { ...ExpressionAttributeValues, ':one': { N: '1' } },
  }
}

/**
 * Asks the owner to hand the lease to `newOwner`. The counter stays, and is not asked for: the owner
 * may renew meanwhile, and is to go on doing so. KCL: `initiateGracefulLeaseHandoff`.
 */
export function startHandoffWrite(
  tableName: string,
  lease: Lease & { readonly leaseOwner: string },
  newOwner: string,
): dynamo.UpdateItemInput {
  return {
    TableName: tableName,
    Key: keyOf(lease.leaseKey),
    UpdateExpression: 'SET leaseOwner = :new, checkpointOwner = :owner',
    ConditionExpression:
      'leaseKey = :key AND leaseOwner = :owner AND attribute_not_exists(checkpointOwner)',
    ExpressionAttributeValues: {
      ':key': { S: lease.leaseKey },
      ':owner': { S: lease.leaseOwner },
      ':new': { S: newOwner },
    },
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

/** Ends a handoff that a leader asked of this worker: the next owner may start. */
export function completeHandoffWrite(
  tableName: string,
  lease: Lease,
  nextOwner: string,
): dynamo.UpdateItemInput {
  return {
    ...ownerFenced(tableName, lease, { ':new': { S: nextOwner } }),
    UpdateExpression: 'SET leaseOwner = :new REMOVE checkpointOwner ADD leaseCounter :one',
  }
}

/**
 * Frees the lease, also of a handoff whose next owner is gone. KCL's `evictLease` leaves that owner
 * in the row, so that the lease would have to run out first.
 */
export function releaseWrite(tableName: string, lease: Lease): dynamo.UpdateItemInput {
  return {
    ...ownerFenced(tableName, lease, {}),
    UpdateExpression: 'REMOVE leaseOwner, checkpointOwner ADD leaseCounter :one',
  }
}

function ownerFenced(
  tableName: string,
  lease: Lease,
  values: dynamo.Item,
): Omit<dynamo.UpdateItemInput, 'UpdateExpression'> {
  const { leaseOwner, checkpointOwner } = lease
  const owner =
    leaseOwner === undefined ? 'attribute_not_exists(leaseOwner)' : 'leaseOwner = :owner'
  const handingOver =
    checkpointOwner === undefined
      ? 'attribute_not_exists(checkpointOwner)'
      : 'checkpointOwner = :checkpointOwner'
  return {
    TableName: tableName,
    Key: keyOf(lease.leaseKey),
    ConditionExpression: `leaseKey = :key AND ${owner} AND ${handingOver} AND leaseCounter = :known`,
    ExpressionAttributeValues: {
      ...values,
      ':key': { S: lease.leaseKey },
      ':known': { N: String(lease.leaseCounter) },
      ':one': { N: '1' },
      ...(leaseOwner === undefined ? {} : { ':owner': { S: leaseOwner } }),
      ...(checkpointOwner === undefined ? {} : { ':checkpointOwner': { S: checkpointOwner } }),
    },
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}
