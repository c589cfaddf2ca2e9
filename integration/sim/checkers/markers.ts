/** Counts the situations that some history must reach: see required-markers.ts. */
import { type DynamoPort, type dynamo, isServiceError, type kinesis } from '@millrace/core'
import type { AppliedWrite } from '@millrace/testing'
import { childrenOf } from './coverage.ts'
import { holderOf, isEnded, type LeaseRow, readRow } from './lease-row.ts'
import type { LockChecker } from './lock-checker.ts'
import { type TableEvent, tableEvent } from './table-events.ts'

export interface MarkersOptions {
  /** Rows as they are after each write. */
  readonly rows: ReadonlyMap<string, LeaseRow>
  readonly lock: Pick<LockChecker, 'ownerAt'>
  readonly shards: () => readonly kinesis.ServiceShard[]
  /** True milliseconds after which a row that stands still may pass for expired. */
  readonly standsMs: number
  readonly nowMs: () => number
  readonly reached: (marker: string) => void
}

interface LastWrite {
  readonly by: string | undefined
  readonly counter: number
  readonly atMs: number
}

export class Markers {
  readonly #options: MarkersOptions
  /** Shard -> who raised its counter last. */
  readonly #last = new Map<string, LastWrite>()
  /** Shard -> a write that was applied and never answered. */
  readonly #unanswered = new Map<string, LastWrite>()
  /** Child -> who created its row while holding its parent. */
  readonly #createdAtEnd = new Map<string, string>()

  constructor(options: MarkersOptions) {
    this.#options = options
  }

  /** Called for each write, once `rows` has it. @returns what it means */
  applied(write: AppliedWrite): TableEvent | undefined {
    const event = tableEvent(write)
    if (event !== undefined) this.#mark(event, write)
    this.#counted(write)
    return event
  }

  /** The same port; updates that fail are looked at on their way back. */
  watched(port: DynamoPort, workerId: string): DynamoPort {
    const updateItem: DynamoPort['updateItem'] = async (input, options) => {
      const sentMs = this.#options.nowMs()
      try {
        return await port.updateItem(input, options)
      } catch (cause) {
        this.#failed(workerId, input, cause, sentMs)
        throw cause
      }
    }
    // A port may be an instance with private parts: all else is its own.
    return new Proxy(port, {
      get: (target, name) => {
        if (name === 'updateItem') return updateItem
        const own: unknown = Reflect.get(target, name, target)
        return typeof own === 'function' ? own.bind(target) : own
      },
    })
  }

  #mark(event: TableEvent, { origin }: AppliedWrite): void {
    const { reached } = this.#options
    const { kind, shardId = '', from, by } = event
    if (by === undefined) return
    if (kind === 'leader' && from !== undefined) reached('leader-took-stale-lock')
    else if (kind === 'handoff-forced') this.#forced(event)
    else if (kind === 'lease-deleted') reached('lease-cleaned-up')
    else if (kind === 'lease-created') this.#created(shardId, by)
    else if (kind === 'shard-end-stored') this.#ended(shardId, by)
    else if (kind === 'assigned') this.#assigned(event, origin?.sentMs ?? 0)
  }

  /** How a handoff ends for its holder the worker tells itself. */
  #forced({ shardId = '', from, by }: TableEvent): void {
    if (from === by) return
    this.#options.reached('handoff-forced')
    if (this.#stoodMs(shardId) < this.#options.standsMs)
      this.#options.reached('taken-from-the-living')
  }

  #stoodMs(shardId: string): number {
    return this.#options.nowMs() - (this.#last.get(shardId)?.atMs ?? Number.NEGATIVE_INFINITY)
  }

  #assigned({ shardId = '', from, to, by }: TableEvent, sentMs: number): void {
    const { reached, lock, standsMs } = this.#options
    if (from === undefined || from === by) return
    if (this.#stoodMs(shardId) < standsMs) reached('taken-from-the-living')
    else if (lock.ownerAt(sentMs) === by) reached('expired-lease-given')
    else if (to === by) reached('self-service-take-over')
  }

  #created(shardId: string, by: string): void {
    const shard = this.#options.shards().find(({ ShardId }) => ShardId === shardId)
    for (const parent of [shard?.ParentShardId, shard?.AdjacentParentShardId]) {
      const row = parent === undefined ? undefined : this.#options.rows.get(parent)
      if (row !== undefined && !isEnded(row) && holderOf(row) === by) {
        this.#createdAtEnd.set(shardId, by)
      }
    }
  }

  #ended(shardId: string, by: string): void {
    const { rows, shards, reached } = this.#options
    for (const child of childrenOf(shardId, shards())) {
      const creator = this.#createdAtEnd.get(child.ShardId)
      if (creator !== undefined && creator !== by) reached('shard-end-re-run')
      const parents = [child.ParentShardId, child.AdjacentParentShardId]
      const other = parents.find((id) => id !== undefined && id !== shardId)
      const row = other === undefined ? undefined : rows.get(other)
      if (rows.has(child.ShardId) && row !== undefined && !isEnded(row)) {
        reached('child-waited-for-two-parents')
      }
    }
  }

  #counted({ key, before, after, origin }: AppliedWrite): void {
    if (after?.['entityType']?.S !== 'LEASE') return
    const shardId = key['leaseKey']?.S ?? ''
    const was = before === undefined ? undefined : readRow(before)
    const { counter } = readRow(after)
    if (was?.counter === counter) return
    const lost = this.#unanswered.get(shardId)
    this.#unanswered.delete(shardId)
    const isGoneOnWith = lost?.counter === was?.counter && lost?.by === origin?.process
    if (lost !== undefined && isGoneOnWith) this.#options.reached('lost-reply-recovered')
    this.#last.set(shardId, { by: origin?.process, counter, atMs: this.#options.nowMs() })
  }

  #failed(workerId: string, input: dynamo.UpdateItemInput, cause: unknown, sentMs: number): void {
    const shardId = input.Key['leaseKey']?.S ?? ''
    const row = this.#options.rows.get(shardId)
    if (row === undefined || !isServiceError(cause)) return
    const last = this.#last.get(shardId)
    if (cause.ambiguous && last?.by === workerId && last.atMs >= sentMs) {
      this.#unanswered.set(shardId, last)
    }
    if (cause.kind !== 'condition-failed' || holderOf(row) === workerId) return
    const isCheckpoint = input.ExpressionAttributeNames?.['#checkpoint'] !== undefined
    this.#options.reached(`${isCheckpoint ? 'checkpoint' : 'write'}-refused-after-loss`)
  }
}
