/** Watches every applied write to the lease table: S3, S4, S6, S9, S13, S14 and S22. */
import {
  compareExtendedSequenceNumbers,
  type dynamo,
  type ExtendedSequenceNumber,
  type kinesis,
} from '@millrace/core'
import type { AppliedWrite, CallOrigin, SimulatedKinesis } from '@millrace/testing'
import { checkDeletion } from './cleanup-checker.ts'
import { childrenOf, hasRangeOf, uncovered } from './coverage.ts'
import { KnownShards } from './known-shards.ts'
import { changedHands, holderOf, type LeaseRow, readRow } from './lease-row.ts'
import type { Ledger } from './ledger.ts'
import { LockChecker } from './lock-checker.ts'
import { MadeAgain } from './made-again.ts'
import { OwnershipChecker } from './ownership-checker.ts'
import type { Report } from './report.ts'
import { changedHandsUncounted, misshapen } from './row-shape.ts'

export interface TableCheckerOptions {
  readonly ledger: Ledger
  readonly kinesis: () => Pick<SimulatedKinesis, 'shards'>
  readonly streamName: string
  readonly failoverTimeMs: number
  /** How long a worker that is asked to hand over may take. */
  readonly handoffTimeoutMs: number
  /** As in `OwnershipCheckerOptions`. */
  readonly movesByCount: boolean
  readonly asksHolders: boolean
  readonly nowMs: () => number
  readonly report: Report
  readonly onShardEnd?: (() => void) | undefined
  /** The holder itself has given the shard to another worker, or to nobody. */
  readonly onHandedOver?: ((shardId: string, from: string) => void) | undefined
}

/** A worker's last write to a row that it holds. */
export interface HeldWrite {
  /** True times. */
  readonly sentMs: number
  readonly counter: number
}

/** Share of F: 5 % are kept back, and a clock may run 1 % slow. */
export const LONGEST_BELIEF = 0.95 / 0.99

/** Clocks may run 1 % fast: that much earlier an observer may see F pass. */
const FASTEST_CLOCK = 1.01

export class TableChecker {
  readonly rows = new Map<string, LeaseRow>()
  readonly #everCreated = new Set<string>()
  /** Shard -> when SHARD_END was stored first. */
  readonly #endedMs = new Map<string, number>()
  /** Deleted by an operator, or about to be, and not made again yet. */
  readonly #lostByHand = new Set<string>()
  readonly #madeAgain = new MadeAgain(() => this.#shards())
  readonly #atCounter = new Map<string, ExtendedSequenceNumber>()
  /** Shard and holder -> the last write that raised the counter under this holder. */
  readonly #held = new Map<string, HeldWrite>()
  /** When leases changed hands, once they had an owner. */
  readonly moves: number[] = []
  /** How long leases that were given waited until their new owners began. */
  readonly adoptionsMs: number[] = []
  readonly #assignedMs = new Map<string, number>()
  /** Shard -> the counter at which the row came to its owner. */
  readonly #ownedFrom = new Map<string, number>()
  readonly #ownership: OwnershipChecker
  readonly lock: LockChecker
  readonly #options: TableCheckerOptions
  readonly #known = new KnownShards(() => this.#shards())
  #wasCovered = false

  constructor(options: TableCheckerOptions) {
    this.#options = options
    const { nowMs, report, failoverTimeMs, movesByCount, asksHolders } = options
    // The lock of the simulated fleet stands as long as a lease.
    const shared = { nowMs, report, standsMs: failoverTimeMs / FASTEST_CLOCK }
    this.lock = new LockChecker(shared)
    this.#ownership = new OwnershipChecker({
      ...{ ...shared, movesByCount, asksHolders },
      rows: this.rows,
      lock: this.lock,
      handoffMs: (options.handoffTimeoutMs + failoverTimeMs) / FASTEST_CLOCK,
      onHandedOver: (key, from) => options.onHandedOver?.(key, from),
    })
  }

  lastHeld(shardId: string, workerId: string): HeldWrite | undefined {
    return this.#held.get(`${shardId} ${workerId}`)
  }

  /** The counter at which the row came to the owner that it has now. */
  ownedFrom(shardId: string): number {
    return this.#ownedFrom.get(shardId) ?? 0
  }

  /** The checkpoint as it stood when the counter reached an epoch. */
  checkpointAt(shardId: string, epoch: number): ExtendedSequenceNumber | undefined {
    return this.#atCounter.get(`${shardId} ${epoch}`)
  }

  /** True once the lease has stood at SHARD_END, also when it was tidied away since. */
  hasEnded(shardId: string): boolean {
    return this.#endedMs.has(shardId)
  }

  /** When the lease came to SHARD_END; never: minus infinity. */
  endedMs(shardId: string): number {
    return this.#endedMs.get(shardId) ?? Number.NEGATIVE_INFINITY
  }

  /** The row is about to be deleted by an operator: no fault of the fleet, which may make it again. */
  expectLoss(shardId: string): void {
    this.#lostByHand.add(shardId)
  }

  isLost(shardId: string): boolean {
    return this.#lostByHand.has(shardId)
  }

  /** True once the leases of all these shards say durably where reading began. */
  allStarted(shardIds: readonly string[]): boolean {
    return shardIds.every((shardId) => this.rows.get(shardId)?.isStartStored === true)
  }

  /** A worker says that a position is stored. */
  announced(shardId: string, at: ExtendedSequenceNumber): void {
    const row = this.rows.get(shardId)
    if (row === undefined || compareExtendedSequenceNumbers(row.checkpoint, at) >= 0) return
    this.#options.report('S4', `${shardId}: a checkpoint was announced that is not stored`, {
      announced: at,
      stored: row.checkpoint,
    })
  }

  applied(write: AppliedWrite): void {
    const { key: names, before, after, origin } = write
    const key = names['leaseKey']?.S ?? ''
    const entityType = (after ?? before)?.['entityType']?.S
    if (entityType === 'LEADER') this.lock.applied(write)
    // Leases of a consumer of many streams, which are not this fleet's.
    if (entityType !== 'LEASE' || key.includes(':')) return
    const was = before === undefined ? undefined : readRow(before)
    if (after === undefined) {
      this.rows.delete(key)
      if (was !== undefined) this.#deleted(key, was)
      this.#ownership.counted(key)
      this.#wasCovered = this.#isCovered()
      return
    }
    // What an operator, or a test, writes is not the fleet's.
    if (origin !== undefined) this.#readableByKcl(key, write, after)
    const is = readRow(after)
    this.rows.set(key, is)
    if (is.checkpoint.sequenceNumber === 'SHARD_END' && !this.#endedMs.has(key)) {
      this.#endedMs.set(key, this.#options.nowMs())
    }
    this.#atCounter.set(`${key} ${is.counter}`, is.checkpoint)
    this.#hasItsRange(key, is)
    if (was === undefined) this.#created(key)
    else this.#changed(key, was, is, origin)
  }

  #readableByKcl(key: string, { before }: AppliedWrite, after: dynamo.Item): void {
    const { report } = this.#options
    const amiss = misshapen(after)
    // A row that was amiss before is whoever wrote it so.
    if (amiss !== undefined && (before === undefined || misshapen(before) === undefined)) {
      report('S22', `${key}: ${amiss}`)
    }
    if (before !== undefined && changedHandsUncounted(before, after)) {
      report('S22', `${key}: changed hands without a step of the counter`)
    }
  }

  #created(key: string): void {
    if (this.#everCreated.has(key)) {
      if (this.#madeAgain.isFair(key, this.#lostByHand)) this.#madeAgain.made(key, this.rows)
      else this.#options.report('S13', `the lease of ${key} was created twice`)
    }
    this.#everCreated.add(key)
    this.#lostByHand.delete(key)
    this.#ownedFrom.set(key, this.rows.get(key)?.counter ?? 0)
    this.#ownership.counted(key)
    this.#wasCovered ||= this.#isCovered()
  }

  #deleted(key: string, was: LeaseRow): void {
    if (this.#lostByHand.has(key)) return
    checkDeletion(
      { shardId: key, was, rows: this.rows, shards: this.#shards(), lost: this.#lostByHand },
      this.#options.report,
    )
  }

  #hasItsRange(key: string, row: LeaseRow): void {
    const shard = this.#known.get(key)
    if (shard === undefined || hasRangeOf(row, shard)) return
    this.#options.report(
      'S13',
      `${key}: its row has the hash keys ${row.startingHashKey} to ${row.endingHashKey}`,
    )
  }

  #isCovered(): boolean {
    return uncovered(this.rows.values()).length === 0
  }

  #shards(): readonly kinesis.ServiceShard[] {
    return this.#options.kinesis().shards(this.#options.streamName)
  }

  #changed(key: string, was: LeaseRow, is: LeaseRow, origin: CallOrigin | undefined): void {
    const { report } = this.#options
    this.#ownership.changed(key, was, is, origin)
    const holder = holderOf(is)
    if (changedHands(was, is)) {
      this.#ownedFrom.set(key, is.counter)
      this.#assignedMs.set(key, this.#options.nowMs())
      if (holderOf(was) !== undefined) this.moves.push(this.#options.nowMs())
    }
    if (is.counter !== was.counter && is.counter !== was.counter + 1) {
      report('S9', `${key}: leaseCounter went from ${was.counter} to ${is.counter}`)
    }
    if (is.counter > was.counter && holder !== undefined && !changedHands(was, is)) {
      const sentMs = origin?.sentMs ?? this.#options.nowMs()
      const assignedMs = this.#assignedMs.get(key)
      if (assignedMs !== undefined) this.adoptionsMs.push(this.#options.nowMs() - assignedMs)
      this.#assignedMs.delete(key)
      const before = this.#held.get(`${key} ${holder}`)
      const ageMs = sentMs - (before?.sentMs ?? sentMs)
      const isStored = compareExtendedSequenceNumbers(is.checkpoint, was.checkpoint) !== 0
      if (isStored && ageMs > this.#options.failoverTimeMs * LONGEST_BELIEF) {
        const ms = ageMs.toFixed(0)
        report('S9', `${key}: ${holder} sent a checkpoint ${ms} ms after its last write`)
      }
      this.#held.set(`${key} ${holder}`, {
        sentMs: Math.max(sentMs, before?.sentMs ?? 0),
        counter: is.counter,
      })
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
    this.#options.onShardEnd?.()
    const shards = this.#shards()
    this.#childrenLeased(key, shards)
    const isCovered = this.#isCovered()
    // A child's row that an operator has just deleted is not this parent's doing.
    if (this.#wasCovered && !isCovered && this.#lostByHand.size === 0) {
      report('S13', `${key}: ended, and some of its hash keys are in no lease now`)
    }
    this.#wasCovered = isCovered
    const shard = shards.find(({ ShardId }) => ShardId === key)
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

  /** Children have leases before their parent ends: a crash in between leaves no hole. */
  #childrenLeased(key: string, shards: readonly kinesis.ServiceShard[]): void {
    for (const { ShardId } of childrenOf(key, shards)) {
      if (this.rows.has(ShardId) || this.isLost(ShardId) || this.hasEnded(ShardId)) continue
      this.#options.report('S13', `${key}: SHARD_END was stored before ${ShardId} had a lease`)
    }
  }
}
