/** A row of the lease table as the checkers see it. Pure; nothing of the product reads it for them. */
import type { dynamo, ExtendedSequenceNumber } from '@millrace/core'

export interface LeaseRow {
  readonly owner: string | undefined
  /** Set while a lease is being handed on: who still has it. */
  readonly checkpointOwner: string | undefined
  readonly counter: number
  readonly checkpoint: ExtendedSequenceNumber
  /** Where a tenure at LATEST begins is stored. */
  readonly isStartStored: boolean
  /** As text, so that a range of another type is not mistaken for a right one. */
  readonly startingHashKey: string | undefined
  readonly endingHashKey: string | undefined
}

export function readRow(row: dynamo.Item): LeaseRow {
  return {
    isStartStored: row['startTimestampMs'] !== undefined || row['checkpoint']?.S !== 'LATEST',
    owner: row['leaseOwner']?.S,
    checkpointOwner: row['checkpointOwner']?.S,
    counter: Number(row['leaseCounter']?.N),
    checkpoint: {
      sequenceNumber: row['checkpoint']?.S ?? '',
      subSequenceNumber: Number(row['checkpointSubSequenceNumber']?.N ?? '0'),
    },
    startingHashKey: row['startingHashKey']?.S,
    endingHashKey: row['endingHashKey']?.S,
  }
}

/** Who may work: during a handoff still the old owner. */
export function holderOf(row: LeaseRow): string | undefined {
  return row.checkpointOwner ?? row.owner
}

export function isEnded(row: LeaseRow): boolean {
  return row.checkpoint.sequenceNumber === 'SHARD_END'
}

export function changedHands(was: LeaseRow, is: LeaseRow): boolean {
  return holderOf(was) !== holderOf(is)
}

/** A leader asks the holder to hand on: it goes on holding the lease. */
export function isAsked(was: LeaseRow, is: LeaseRow): boolean {
  return was.checkpointOwner === undefined && is.checkpointOwner !== undefined
}
