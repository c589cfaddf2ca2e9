/** Can KCL 3.5 read the row, and does the counter tell of every change of hands? S22. Pure. */
import type { dynamo } from '@millrace/core'
import { holderOf, readRow } from './lease-row.ts'

/** Attributes of a lease row and the only type in which KCL reads them. */
const TYPES: Readonly<Record<string, keyof dynamo.AttributeValue>> = {
  leaseKey: 'S',
  entityType: 'S',
  leaseOwner: 'S',
  leaseCounter: 'N',
  checkpoint: 'S',
  checkpointSubSequenceNumber: 'N',
  ownerSwitchesSinceCheckpoint: 'N',
  parentShardId: 'SS',
  childShardIds: 'SS',
  startingHashKey: 'S',
  endingHashKey: 'S',
  pendingCheckpoint: 'S',
  pendingCheckpointSubSequenceNumber: 'N',
  pendingCheckpointState: 'B',
  checkpointOwner: 'S',
  throughputKBps: 'N',
  // Ours alone: KCL keeps what it does not know.
  startTimestampMs: 'N',
}

/** KCL fails on a lease without them. */
const NEEDED = [
  'leaseKey',
  'leaseCounter',
  'checkpoint',
  'checkpointSubSequenceNumber',
  'ownerSwitchesSinceCheckpoint',
] as const

/** What is amiss, in words. */
export function misshapen(row: dynamo.Item): string | undefined {
  for (const [name, value] of Object.entries(row)) {
    const type = TYPES[name]
    if (type === undefined) return `${name} is no attribute of a lease`
    if (value[type] === undefined) return `${name} is not of type ${type}`
    // DynamoDB refuses empty sets, and KCL takes an empty owner for one.
    if (value.S === '') return `${name} is empty`
  }
  const lacking = NEEDED.find((name) => row[name] === undefined)
  return lacking === undefined ? undefined : `${lacking} is missing`
}

/** In a fleet with Java workers the counter is the only token that all of them look at. */
export function changedHandsUncounted(before: dynamo.Item, after: dynamo.Item): boolean {
  const [was, is] = [readRow(before), readRow(after)]
  return holderOf(was) !== holderOf(is) && is.counter !== was.counter + 1
}
