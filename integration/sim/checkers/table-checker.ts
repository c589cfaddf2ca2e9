/** Watches every applied write to the lease table: S3, S4, S6, S9, S14 and the first half of S13. */
import {
  compareExtendedSequenceNumbers,
  type dynamo,
  type ExtendedSequenceNumber,
} from '@millrace/core'
import type { AppliedWrite, SimulatedKinesis } from '@millrace/testing'
import { checkDeletion } from './cleanup-checker.ts'
import type { Ledger } from './ledger.ts'

export type Report = (
  rule: string,
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void

export interface LeaseRow {
  readonly owner: string | undefined
  readonly counter: number
  readonly checkpoint: ExtendedSequenceNumber
  /** Where a tenure at LATEST begins is stored. */
  readonly isStartStored: boolean
}

export interface TableCheckerOptions {
  readonly ledger: Ledger
  readonly kinesis: () => SimulatedKinesis
  readonly streamName: string
  readonly nowMs: () => number
  readonly report: Report
}

export class TableChecker {
  readonly rows = new Map<string, LeaseRow>()
  readonly #everCreated = new Set<string>()
  readonly #everEnded = new Set<string>()
  /** Deleted by an operator, or about to be, and not made again yet. */
  readonly #lostByHand = new Set<string>()
  readonly #atCounter = new Map<string, ExtendedSequenceNumber>()
  /** Shard and owner -> true time of the last write that raised the counter under this owner. */
  readonly #heldMs = new Map<string, number>()
  readonly #options: TableCheckerOptions

  constructor(options: TableCheckerOptions) {
    this.#options = options
  }

  /** When this worker last wrote to the row as its holder, virtual milliseconds. */
  lastHeld(shardId: string, workerId: string): number | undefined {
    return this.#heldMs.get(`${shardId} ${workerId}`)
  }

  /** The checkpoint as it stood when the counter reached an epoch. */
  checkpointAt(shardId: string, epoch: number): ExtendedSequenceNumber | undefined {
    return this.#atCounter.get(`${shardId} ${epoch}`)
  }

  /** True once the lease has stood at SHARD_END, also when it was tidied away since. */
  hasEnded(shardId: string): boolean {
    return this.#everEnded.has(shardId)
  }

  /** The row is about to be deleted by an operator: no fault of the fleet, which may make it again. */
  expectLoss(shardId: string): void {
    this.#lostByHand.add(shardId)
  }

  isLost(shardId: string): boolean {
    return this.#lostByHand.has(shardId)
  }

  /** True once every lease says durably where reading began. */
  allStarted(): boolean {
    const rows = [...this.rows.values()]
    return rows.length > 0 && rows.every(({ isStartStored }) => isStartStored)
  }

  applied({ key: { leaseKey }, before, after }: AppliedWrite): void {
    const key = leaseKey?.S ?? ''
    if ((after ?? before)?.['entityType']?.S !== 'LEASE') return
    const was = before === undefined ? undefined : this.#read(before)
    if (after === undefined) {
      this.rows.delete(key)
      if (was !== undefined) this.#deleted(key, was)
      return
    }
    const is = this.#read(after)
    this.rows.set(key, is)
    if (is.checkpoint.sequenceNumber === 'SHARD_END') this.#everEnded.add(key)
    this.#atCounter.set(`${key} ${is.counter}`, is.checkpoint)
    if (was === undefined) this.#created(key)
    else this.#changed(key, was, is)
  }

  #created(key: string): void {
    if (this.#everCreated.has(key) && !this.#lostByHand.has(key)) {
      this.#options.report('S13', `the lease of ${key} was created twice`)
    }
    this.#everCreated.add(key)
    this.#lostByHand.delete(key)
  }

  #deleted(key: string, was: LeaseRow): void {
    if (this.#lostByHand.has(key)) return
    const { kinesis, streamName, report } = this.#options
    const shards = kinesis().shards(streamName)
    checkDeletion({ shardId: key, was, rows: this.rows, shards, lost: this.#lostByHand }, report)
  }

  #changed(key: string, was: LeaseRow, is: LeaseRow): void {
    const { report } = this.#options
    if (is.counter !== was.counter && is.counter !== was.counter + 1) {
      report('S9', `${key}: leaseCounter went from ${was.counter} to ${is.counter}`)
    }
    if (is.counter > was.counter && is.owner !== undefined && is.owner === was.owner) {
      this.#heldMs.set(`${key} ${is.owner}`, this.#options.nowMs())
    }
    const step = compareExtendedSequenceNumbers(is.checkpoint, was.checkpoint)
    if (step === 0) return
    if (is.counter === was.counter)
      report('S9', `${key}: a checkpoint was stored without a new counter`)
    if (was.checkpoint.sequenceNumber === 'SHARD_END') {
      report('S6', `${key}: left SHARD_END for ${is.checkpoint.sequenceNumber}`)
    } else if (step < 0) {
      report('S3', `${key}: the checkpoint went back`, { from: was.checkpoint, to: is.checkpoint })
    }
    this.#covers(key, is.checkpoint)
  }

  #covers(key: string, at: ExtendedSequenceNumber): void {
    const { ledger, report } = this.#options
    const { records, donePrefix } = ledger.shard(key)
    if (at.sequenceNumber !== 'SHARD_END') {
      const covered = ledger.covered(key, at)
      if (covered > donePrefix) {
        report('S4', `${key}: the checkpoint covers ${covered} records, ${donePrefix} are done`)
      }
      return
    }
    const shard = this.#options
      .kinesis()
      .shards(this.#options.streamName)
      .find(({ ShardId }) => ShardId === key)
    if (shard !== undefined && shard.SequenceNumberRange.EndingSequenceNumber === undefined) {
      report('S6', `${key}: SHARD_END was stored while the shard is open`)
    }
    if (donePrefix < records.length) {
      report(
        'S6',
        `${key}: SHARD_END was stored with ${records.length - donePrefix} records not done`,
      )
    }
  }

  #read(row: dynamo.Item): LeaseRow {
    return {
      isStartStored: row['startTimestampMs'] !== undefined || row['checkpoint']?.S !== 'LATEST',
      owner: row['leaseOwner']?.S,
      counter: Number(row['leaseCounter']?.N),
      checkpoint: {
        sequenceNumber: row['checkpoint']?.S ?? '',
        subSequenceNumber: Number(row['checkpointSubSequenceNumber']?.N ?? '0'),
      },
    }
  }
}
