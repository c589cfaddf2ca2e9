/** What a write to the lease table means, in a word: for markers and for the timeline. Pure. */
import type { AppliedWrite } from '@millrace/testing'
import { isEnded, type LeaseRow, readRow } from './lease-row.ts'

export interface TableEvent {
  readonly kind:
    | 'lease-created'
    | 'lease-deleted'
    | 'assigned'
    | 'released'
    | 'handoff-begun'
    /** The old holder itself has let go. */
    | 'handoff-completed'
    /** The old holder has let go, and not to the next owner. */
    | 'handoff-freed'
    /** Somebody else has ended it: the old holder did not answer in time. */
    | 'handoff-forced'
    | 'shard-end-stored'
    | 'leader'
    | 'no-leader'
  readonly shardId?: string
  readonly from?: string
  readonly to?: string
  /** The process that wrote; absent: a write by hand. */
  readonly by?: string
}

/** @returns undefined for heartbeats, checkpoints and rows of other kinds */
export function tableEvent({ key, before, after, origin }: AppliedWrite): TableEvent | undefined {
  const entityType = (after ?? before)?.['entityType']?.S
  const by = origin === undefined ? {} : { by: origin.process }
  if (entityType === 'LEADER') {
    const [from, to] = [before?.['ownerName']?.S, after?.['ownerName']?.S]
    if (from === to) return undefined
    return { kind: to === undefined ? 'no-leader' : 'leader', ...named(from, to), ...by }
  }
  if (entityType !== 'LEASE') return undefined
  const shardId = key['leaseKey']?.S ?? ''
  if (before === undefined) return { kind: 'lease-created', shardId, ...by }
  if (after === undefined) return { kind: 'lease-deleted', shardId, ...by }
  const [was, is] = [readRow(before), readRow(after)]
  if (isEnded(is) && !isEnded(was)) return { kind: 'shard-end-stored', shardId, ...by }
  const change = ownerChange(was, is, origin?.process)
  return change === undefined ? undefined : { ...change, shardId, ...by }
}

function ownerChange(was: LeaseRow, is: LeaseRow, by: string | undefined): TableEvent | undefined {
  if (was.owner === is.owner && was.checkpointOwner === is.checkpointOwner) return undefined
  if (is.checkpointOwner !== undefined) {
    return { kind: 'handoff-begun', ...named(is.checkpointOwner, is.owner) }
  }
  if (was.checkpointOwner !== undefined) {
    const byHolder = is.owner === was.owner ? 'handoff-completed' : 'handoff-freed'
    const kind = by === was.checkpointOwner ? byHolder : 'handoff-forced'
    return { kind, ...named(was.checkpointOwner, is.owner) }
  }
  return { kind: is.owner === undefined ? 'released' : 'assigned', ...named(was.owner, is.owner) }
}

function named(from: string | undefined, to: string | undefined): Pick<TableEvent, 'from' | 'to'> {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}
