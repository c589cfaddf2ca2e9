/** What a shard waits for, in words for the person who operates the fleet. Pure. */
import { KinesisError } from '@millrace/core'
import { isSequenceNumber } from '@millrace/core/internal'
import { isShardEnded, type Lease } from './lease/lease.ts'
import type { ShardState } from './shard/shard-state.ts'
import type { RowAge } from './worker/row-ages.ts'

/** What goes wrong with a shard at present. */
export interface ShardTrouble {
  readonly what: 'handler' | 'read' | 'checkpoint' | 'shard end'
  readonly error: unknown
  /** In a row, from 1. */
  readonly failures: number
}

/** What a running shard consumer tells of itself. */
export interface RunningShard {
  readonly state: ShardState
  readonly millisBehindLatest: number | undefined
  readonly lastError: unknown
  readonly trouble: ShardTrouble | undefined
  readonly isPaused: boolean
  /** For how long the present handler call has run, milliseconds; undefined between calls. */
  readonly handlerBusyMs: number | undefined
}

/** One shard as one worker sees it. */
export interface ShardView {
  readonly workerId: string
  readonly lease: Lease
  /** Parents whose leases have not ended. */
  readonly parents: readonly string[]
  /** This worker's own consumer of the shard. */
  readonly running: RunningShard | undefined
  /** This worker has begun to take the lease up. */
  readonly isBeginning: boolean
  readonly age: RowAge | undefined
  readonly leader: string | undefined
  readonly failoverTimeMs: number
}

/** A handler call this long is worth a word. */
const LONG_CALL_MS = 5000
const MAX_ERROR_CHARS = 200

export function waitingFor(view: ShardView): string {
  const { lease, running, parents } = view
  if (isShardEnded(lease)) return 'ended'
  if (lease.checkpointOwner !== undefined) return handoff(view)
  if (running !== undefined) return own(running, parents)
  const { leaseOwner } = lease
  if (leaseOwner === undefined) return parents.length > 0 ? onParents(parents) : unassigned(view)
  if (leaseOwner === view.workerId) {
    return view.isBeginning
      ? 'assigned, first renewal under way'
      : 'assigned to this worker, which has not taken it up yet'
  }
  return elsewhere(leaseOwner, view)
}

function own(running: RunningShard, parents: readonly string[]): string {
  const { state, trouble, isPaused } = running
  if (trouble !== undefined) {
    return `${trouble.what} failing, attempt ${trouble.failures}: ${inShort(trouble.error)}`
  }
  if (state === 'waiting-on-parents') {
    return parents.length > 0 ? onParents(parents) : 'starting'
  }
  const busy = longCall(running)
  if (busy !== undefined) return isPaused ? `${busy}, then paused` : busy
  switch (state) {
    case 'initializing':
      return isPaused ? 'paused' : 'starting'
    case 'processing':
      return isPaused ? 'paused' : 'reading'
    case 'shutdown-requested':
      return 'stopping'
    case 'shutting-down':
      return 'ending: its child leases and SHARD_END are to be stored'
    case 'completed':
      return 'stopped'
  }
}

function handoff({ lease, running }: ShardView): string {
  const { checkpointOwner, leaseOwner } = lease
  const words =
    leaseOwner === undefined
      ? `being given up by ${checkpointOwner}`
      : `being handed over from ${checkpointOwner} to ${leaseOwner}`
  const busy = running && longCall(running)
  return busy === undefined ? words : `${words}, ${busy}`
}

function elsewhere(owner: string, { lease, parents, age, failoverTimeMs }: ShardView): string {
  const hasCheckpoint = isSequenceNumber(lease.checkpoint.sequenceNumber)
  if (age !== undefined && age.counterMs > failoverTimeMs) {
    return `owned by ${owner}, which has not renewed it for ${span(age.counterMs)}`
  }
  // A child that has begun waits for no parent, whatever became of the parent's row since.
  if (parents.length > 0 && !hasCheckpoint) return onParents(parents)
  if (!hasCheckpoint) {
    const since = age === undefined ? '' : ` for ${span(age.checkpointMs)}`
    return `owned by ${owner}, no checkpoint${since === '' ? ' yet' : since}`
  }
  return age === undefined
    ? `owned by ${owner}`
    : `owned by ${owner}, checkpoint ${span(age.checkpointMs)} old`
}

function unassigned({ leader }: ShardView): string {
  return leader === undefined
    ? 'unassigned, waiting for a worker to lead'
    : 'unassigned, waiting for the leader to assign it'
}

function onParents(parents: readonly string[]): string {
  const [first] = parents
  if (parents.length === 1) return `waiting for parent ${first} to finish`
  return `waiting for parents ${parents.join(' and ')} to finish`
}

function longCall({ handlerBusyMs }: RunningShard): string | undefined {
  if (handlerBusyMs === undefined || handlerBusyMs < LONG_CALL_MS) return undefined
  return `handler call under way for ${span(handlerBusyMs)}`
}

/** `14 s`, `3 min`, `5 h`: what somebody at night can take in. */
function span(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`
}

/** The message alone, on one line: causes may quote payloads. */
function inShort(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const line = message.replaceAll(/\s+/g, ' ').trim()
  const text = line === '' && error instanceof Error ? error.name : line
  const short = text.length > MAX_ERROR_CHARS ? `${text.slice(0, MAX_ERROR_CHARS)}...` : text
  return KinesisError.isKinesisError(error) ? `${short} (${error.code})` : short
}
