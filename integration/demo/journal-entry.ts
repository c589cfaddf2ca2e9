/** What the processes write down, and its text form: one JSON object a line. Pure. */
import { createHash } from 'node:crypto'

/** Times are `machineMonotonicMs()`, which all processes of a run share. */
export type JournalEntry =
  | AckedEntry
  | DeliveredEntry
  | CheckpointedEntry
  | { readonly kind: 'held' | 'lost'; readonly atMs: number; readonly shardId: string }
  | LagEntry
  | HandedOverEntry
  | LeadsEntry
  | WaitsEntry

/** `put()` has settled: the stream holds this record. */
export interface AckedEntry {
  readonly kind: 'acked'
  readonly atMs: number
  /** Which input record, from 0. */
  readonly index: number
  readonly shardId: string
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
  readonly partitionKey: string
  /** SHA-256 of the bytes. */
  readonly digest: string
}

/** The handler was called with this record. */
export interface DeliveredEntry {
  readonly kind: 'delivered'
  /** When the handler was called. */
  readonly atMs: number
  readonly shardId: string
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
  readonly partitionKey: string
  readonly digest: string
}

/** The lease table has taken this position. */
export interface CheckpointedEntry {
  readonly kind: 'checkpointed'
  readonly atMs: number
  readonly shardId: string
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
}

export interface LagEntry {
  readonly kind: 'lag'
  readonly atMs: number
  readonly shardId: string
  readonly millisBehindLatest: number
}

/** A handoff that the leader asked of this worker has ended. */
export interface HandedOverEntry {
  readonly kind: 'handed-over'
  readonly atMs: number
  readonly shardId: string
  /** Worker id; null when the lease went to nobody. */
  readonly to: string | null
  readonly reason: string
  readonly tookMs: number
}

/** This worker leads from now on. */
export interface LeadsEntry {
  readonly kind: 'leads'
  readonly atMs: number
}

/** What a shard that cannot begin waits for, in the consumer's own words. */
export interface WaitsEntry {
  readonly kind: 'waits'
  readonly atMs: number
  readonly shardId: string
  readonly why: string
}

export function entryLine(entry: JournalEntry): string {
  return `${JSON.stringify(entry)}\n`
}

/** @throws SyntaxError for a line that no process of ours wrote whole */
export function parseEntry(line: string): JournalEntry {
  return JSON.parse(line) as JournalEntry
}

export function digestOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('base64')
}

/** Names one user record of the stream. */
export function positionOf(entry: {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
}): string {
  return `${entry.shardId}/${entry.sequenceNumber}/${entry.subSequenceNumber}`
}
