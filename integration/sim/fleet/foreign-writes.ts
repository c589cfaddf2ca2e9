/** Rows of the lease table that somebody else writes: an operator, or a fleet of KCL in Java. */
import { type dynamo, isServiceError } from '@millrace/core'
import type { SimulatedWorld } from '@millrace/testing'
import type { TableChecker } from '../checkers/table-checker.ts'
import type { Disturbance } from './history-plan.ts'
import { APPLICATION } from './names.ts'

type RowDisturbance = Extract<
  Disturbance,
  { readonly kind: 'malformed-row' | 'stuck-handoff' | 'there-and-back' | 'break-lock' }
>

/** A worker that is in the table and nowhere else. */
const STRANGER = { S: 'java-worker' }
const ONE = { ':one': { N: '1' } }

/** @returns whether there was something to write to */
export async function disturbRows(
  world: SimulatedWorld,
  table: TableChecker,
  what: RowDisturbance,
): Promise<boolean> {
  try {
    return await disturbed(world, table, what)
  } catch (cause) {
    // No table yet.
    if (!isServiceError(cause)) throw cause
    return false
  }
}

async function disturbed(
  world: SimulatedWorld,
  table: TableChecker,
  what: RowDisturbance,
): Promise<boolean> {
  switch (what.kind) {
    case 'malformed-row':
      // In a table without anything else it passes for what KCL 2.x left, and the fleet refuses it.
      if (table.rows.size === 0) return false
      await world.dynamo.putItem({
        TableName: APPLICATION,
        Item: {
          leaseKey: { S: 'shardId-malformed' },
          entityType: { S: 'LEASE' },
          leaseCounter: { S: 'many' },
        },
      })
      return true
    case 'break-lock':
      await world.dynamo.putItem({
        TableName: APPLICATION,
        Item: {
          leaseKey: { S: 'Leader' },
          entityType: { S: 'LEADER' },
          ownerName: STRANGER,
        },
      })
      return true
    case 'stuck-handoff': {
      const { shardId, owner } = ownedRow(table, what.pick) ?? {}
      if (shardId === undefined || owner === undefined) return false
      // Either the old owner is gone before it lets go, or the new one before it begins.
      const from = what.pick % 2 === 0 ? STRANGER : { S: owner }
      const to = what.pick % 2 === 0 ? { S: owner } : STRANGER
      // A leader that asks leaves the counter alone; a stranger that holds has counted its own.
      const counted = what.pick % 2 === 0 ? 'ADD leaseCounter :one' : ''
      await update(world, shardId, `SET leaseOwner = :a, checkpointOwner = :b ${counted}`, {
        ':a': to,
        ':b': from,
        ...(counted === '' ? {} : ONE),
      })
      return true
    }
    case 'there-and-back': {
      const { shardId, owner } = ownedRow(table, what.pick) ?? {}
      if (shardId === undefined || owner === undefined) return false
      const set = 'SET leaseOwner = :a ADD leaseCounter :one'
      await update(world, shardId, set, { ':a': STRANGER, ...ONE })
      await update(world, shardId, set, { ':a': { S: owner }, ...ONE })
      return true
    }
  }
}

function ownedRow(
  table: TableChecker,
  pick: number,
): { readonly shardId: string; readonly owner: string } | undefined {
  const owned = [...table.rows]
    .flatMap(([shardId, { owner, checkpoint, checkpointOwner }]) =>
      owner === undefined ||
      checkpointOwner !== undefined ||
      checkpoint.sequenceNumber === 'SHARD_END'
        ? []
        : [{ shardId, owner }],
    )
    .sort((a, b) => (a.shardId < b.shardId ? -1 : 1))
  return owned[pick % owned.length]
}

async function update(
  world: SimulatedWorld,
  shardId: string,
  expression: string,
  values: dynamo.Item,
): Promise<void> {
  await world.dynamo.updateItem({
    TableName: APPLICATION,
    Key: { leaseKey: { S: shardId } },
    UpdateExpression: expression,
    ExpressionAttributeValues: values,
  })
}
