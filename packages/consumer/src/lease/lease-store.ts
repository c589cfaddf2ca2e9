/**
 * The lease table's rows over DynamoPort: sends what lease-writes says, reads back what lease-row
 * understands. One for every endpoint, simulated or real. KCL: `LeaseRefresher`.
 */
import {
  type DynamoPort,
  type dynamo,
  type ExtendedSequenceNumber,
  isServiceError,
  type ServiceError,
} from '@millrace/core'
import { ownedByQuery } from '../lease-table/table-shape.ts'
import type { Lease, NewLease } from './lease.ts'
import { afterCheckpoint, afterPrepare, afterRenewal, afterStartTimestamp } from './lease-after.ts'
import { readLeaseRow } from './lease-row.ts'
import {
  checkpointWrite,
  childShardIdsWrite,
  createWrite,
  deleteEndedWrite,
  deleteUnchangedWrite,
  keyOf,
  prepareCheckpointWrite,
  renewWrite,
  startTimestampWrite,
} from './lease-writes.ts'
import {
  assignWrite,
  completeHandoffWrite,
  releaseWrite,
  startHandoffWrite,
  takeWrite,
} from './owner-writes.ts'
import { snapshotOf, type TableSnapshot } from './table-snapshot.ts'
import { readWorkerMetricsRow } from './worker-metrics-row.ts'
import {
  judgeHandoffStart,
  judgeHolderWrite,
  judgeOwnerWrite,
  judgePrepare,
  judgeStartTimestamp,
  judgeTake,
  type WriteVerdict,
} from './write-outcome.ts'

export interface LeaseStoreOptions {
  readonly dynamo: DynamoPort
  readonly tableName: string
  /** Deadline of one call, milliseconds: well below the lease's duration. */
  readonly requestTimeoutMs: number
}

/** What became of a holder's write; `lease` is the row from which to go on. */
export type HolderWrite =
  | {
      readonly outcome: 'applied' | 'not-applied'
      readonly lease: Lease
      /**
       * Why the row had to be looked up: this write got no answer, or it was refused because the
       * row had moved on before it. Undefined when the write was answered.
       */
      readonly lookedUp: 'unanswered' | 'refused' | undefined
    }
  | { readonly outcome: 'lost'; readonly lease: Lease | undefined }

export class LeaseStore {
  readonly tableName: string
  readonly #dynamo: DynamoPort
  readonly #call: { readonly timeoutMs: number }

  constructor(options: LeaseStoreOptions) {
    this.tableName = options.tableName
    this.#dynamo = options.dynamo
    this.#call = { timeoutMs: options.requestTimeoutMs }
  }

  /** Every row, sorted into leases, workers and the leader. */
  async scan(consistent: boolean): Promise<TableSnapshot> {
    const rows: dynamo.Item[] = []
    let start: dynamo.Item | undefined
    do {
      const page = await this.#dynamo.scan(
        { TableName: this.tableName, ConsistentRead: consistent, ExclusiveStartKey: start },
        this.#call,
      )
      rows.push(...page.Items)
      start = page.LastEvaluatedKey
    } while (start !== undefined)
    return snapshotOf(rows)
  }

  /** A strong read; undefined when there is no such lease. */
  async get(leaseKey: string, signal?: AbortSignal): Promise<Lease | undefined> {
    const row = await this.#row(leaseKey, signal)
    if (row === undefined) return undefined
    const reading = readLeaseRow(row)
    return reading.kind === 'lease' ? reading.lease : undefined
  }

  /** Whether this worker has a metrics row, by a strong read; one that stops cleanly deletes its own. */
  async hasWorker(workerId: string): Promise<boolean> {
    const row = await this.#row(workerId)
    return row !== undefined && readWorkerMetricsRow(row) !== undefined
  }

  /** Keys of the leases that the index shows under this owner; the index may lag behind. */
  async keysOwnedBy(workerId: string): Promise<readonly string[]> {
    const keys: string[] = []
    let start: dynamo.Item | undefined
    do {
      const page = await this.#dynamo.query(
        { ...ownedByQuery(this.tableName, workerId), ExclusiveStartKey: start },
        this.#call,
      )
      for (const row of page.Items) {
        const key = row['leaseKey']?.S
        if (key !== undefined) keys.push(key)
      }
      start = page.LastEvaluatedKey
    } while (start !== undefined)
    return keys
  }

  /** True when this call created the row, false when it was there. */
  async createIfAbsent(lease: NewLease): Promise<boolean> {
    return await applied(this.#dynamo.putItem(createWrite(this.tableName, lease), this.#call))
  }

  /** @param throughputKBps to store with it, here and below; undefined leaves what the row has */
  renew(lease: Lease, workerId: string, throughputKBps?: number): Promise<HolderWrite> {
    const write = renewWrite(this.tableName, lease, throughputKBps)
    return this.#holderWrite(write, lease, workerId, {
      after: afterRenewal(lease, throughputKBps),
    })
  }

  checkpoint(
    lease: Lease,
    workerId: string,
    at: ExtendedSequenceNumber,
    throughputKBps?: number,
  ): Promise<HolderWrite> {
    const write = checkpointWrite(this.tableName, lease, at, throughputKBps)
    return this.#holderWrite(write, lease, workerId, {
      after: afterCheckpoint(lease, at, throughputKBps),
      landed: (now) => judgeHolderWrite(lease, now, workerId, at),
    })
  }

  prepareCheckpoint(
    lease: Lease,
    workerId: string,
    pending: ExtendedSequenceNumber,
    state: Uint8Array | undefined,
    throughputKBps?: number,
  ): Promise<HolderWrite> {
    const write = prepareCheckpointWrite(this.tableName, lease, pending, state, throughputKBps)
    return this.#holderWrite(write, lease, workerId, {
      after: afterPrepare(lease, pending, state, throughputKBps),
      landed: (now) => judgePrepare(lease, now, workerId, pending),
    })
  }

  recordStartTimestamp(
    lease: Lease,
    workerId: string,
    startTimestampMs: number,
  ): Promise<HolderWrite> {
    return this.#holderWrite(
      startTimestampWrite(this.tableName, lease, startTimestampMs),
      lease,
      workerId,
      {
        after: afterStartTimestamp(lease, startTimestampMs),
        landed: (now) => judgeStartTimestamp(lease, now, workerId, startTimestampMs),
      },
    )
  }

  /** Gives the lease to `newOwner`; undefined when the row has changed meanwhile. */
  assign(lease: Lease, newOwner: string): Promise<Lease | undefined> {
    return this.#ownerWrite(assignWrite(this.tableName, lease, newOwner), (now) =>
      judgeOwnerWrite(lease, now, newOwner),
    )
  }

  /** Takes the lease from an owner that lives; undefined when it is not the owner any more. */
  take(
    lease: Lease & { readonly leaseOwner: string },
    newOwner: string,
  ): Promise<Lease | undefined> {
    return this.#ownerWrite(takeWrite(this.tableName, lease, newOwner), (now) =>
      judgeTake(lease, now, newOwner),
    )
  }

  /** Asks the owner to hand over to `newOwner`; undefined when it is not the owner any more. */
  startHandoff(
    lease: Lease & { readonly leaseOwner: string },
    newOwner: string,
  ): Promise<Lease | undefined> {
    return this.#ownerWrite(startHandoffWrite(this.tableName, lease, newOwner), (now) =>
      judgeHandoffStart(lease, now, newOwner),
    )
  }

  /** Ends a handoff asked by a leader: only the next owner remains. */
  completeHandoff(lease: Lease & { readonly leaseOwner: string }): Promise<Lease | undefined> {
    const next = lease.leaseOwner
    return this.#ownerWrite(completeHandoffWrite(this.tableName, lease, next), (now) =>
      judgeOwnerWrite(lease, now, next),
    )
  }

  /** Frees the lease for whoever comes; undefined when the row has changed meanwhile. */
  release(lease: Lease): Promise<Lease | undefined> {
    return this.#ownerWrite(releaseWrite(this.tableName, lease), (now) =>
      judgeOwnerWrite(lease, now, undefined),
    )
  }

  /** False when the row is gone. */
  async recordChildren(leaseKey: string, childShardIds: readonly string[]): Promise<boolean> {
    const write = childShardIdsWrite(this.tableName, leaseKey, childShardIds)
    return await applied(this.#dynamo.updateItem(write, this.#call))
  }

  /** False when the row is gone already, or its shard has not ended. */
  deleteEnded(leaseKey: string): Promise<boolean> {
    return this.#delete(deleteEndedWrite(this.tableName, leaseKey))
  }

  /** False when the row has changed since it was read, or is gone. */
  deleteUnchanged(lease: Lease): Promise<boolean> {
    return this.#delete(deleteUnchangedWrite(this.tableName, lease))
  }

  async #row(key: string, signal?: AbortSignal): Promise<dynamo.Item | undefined> {
    const output = await this.#dynamo.getItem(
      { TableName: this.tableName, Key: keyOf(key), ConsistentRead: true },
      { ...this.#call, signal },
    )
    return output.Item
  }

  async #delete(write: dynamo.DeleteItemInput): Promise<boolean> {
    return await applied(this.#dynamo.deleteItem(write, this.#call))
  }

  async #holderWrite(
    write: dynamo.UpdateItemInput,
    lease: Lease,
    workerId: string,
    effect: {
      readonly after: Lease
      readonly landed?: (now: Lease | undefined) => WriteVerdict
    },
  ): Promise<HolderWrite> {
    try {
      const { Attributes: row } = await this.#dynamo.updateItem(write, this.#call)
      const after = withHandoff(effect.after, row, workerId)
      return { outcome: 'applied', lease: after, lookedUp: undefined }
    } catch (cause) {
      const now = await this.#rowAfter(lease.leaseKey, cause)
      const verdict = effect.landed?.(now) ?? judgeHolderWrite(lease, now, workerId)
      if (verdict === 'lost' || now === undefined) return { outcome: 'lost', lease: now }
      const refused = isServiceError(cause) && cause.kind === 'condition-failed'
      return verdict === 'applied'
        ? { outcome: 'applied', lease: now, lookedUp: refused ? 'refused' : 'unanswered' }
        : { outcome: 'not-applied', lease: now, lookedUp: refused ? 'refused' : 'unanswered' }
    }
  }

  async #ownerWrite(
    write: dynamo.UpdateItemInput,
    judge: (now: Lease | undefined) => WriteVerdict,
  ): Promise<Lease | undefined> {
    try {
      const { Attributes: row } = await this.#dynamo.updateItem(write, this.#call)
      const reading = row === undefined ? undefined : readLeaseRow(row)
      return reading?.kind === 'lease' ? reading.lease : undefined
    } catch (cause) {
      const now = await this.#rowAfter(write.Key['leaseKey']?.S ?? '', cause)
      const verdict = judge(now)
      if (verdict === 'not-applied' && isServiceError(cause) && cause.ambiguous) throw cause
      return verdict === 'applied' ? now : undefined
    }
  }

  /** The row after a write that failed: as the endpoint returned it, else by a strong read. */
  async #rowAfter(leaseKey: string, cause: unknown): Promise<Lease | undefined> {
    if (!isServiceError(cause) || !needsReading(cause)) throw cause
    if (cause.item !== undefined) {
      const reading = readLeaseRow(cause.item)
      if (reading.kind === 'lease') return reading.lease
    }
    try {
      return await this.get(leaseKey)
    } catch (failed) {
      // What became of the write is still open: that is what the caller must be told.
      throw isServiceError(failed) && cause.ambiguous ? cause : failed
    }
  }
}

/** False when the condition did not hold. */
async function applied(write: Promise<unknown>): Promise<boolean> {
  try {
    await write
    return true
  } catch (cause) {
    if (isServiceError(cause) && cause.kind === 'condition-failed') return false
    throw cause
  }
}

function needsReading(error: ServiceError): boolean {
  return error.kind === 'condition-failed' || error.ambiguous
}

/** A write that a handoff does not hold up shows it in the row that it returns. */
function withHandoff(after: Lease, row: dynamo.Item | undefined, workerId: string): Lease {
  if (row?.['checkpointOwner']?.S !== workerId) return after
  return { ...after, checkpointOwner: workerId, leaseOwner: row['leaseOwner']?.S }
}
