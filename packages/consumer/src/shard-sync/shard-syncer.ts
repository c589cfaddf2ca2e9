/** Carries out shard sync: lists shards, asks the plans, creates the leases. */

import { AbortedError, InvalidStreamModelError, type Logger, type Shard } from '@millrace/core'
import { type ControlPlane, nowMs } from '@millrace/core/internal'
import { atOnce } from '../at-once.ts'
import { isShardEnded, type Lease, type NewLease } from '../lease/lease.ts'
import type { LeaseStore } from '../lease/lease-store.ts'
import type { InitialPosition } from '../options.ts'
import { counterMadeAgain, wasMadeAgain } from './counter-made-again.ts'
import { type LostRows, leasesToAdd } from './healed-leases.ts'
import { coverEveryHashKey, initialLeases, initialShardFilter } from './initial-leases.ts'
import { type ChildOfShard, childLeases, otherParents } from './shard-end-plan.ts'

export interface ShardSyncerOptions {
  readonly control: ControlPlane
  readonly store: LeaseStore
  readonly initialPosition: InitialPosition
  readonly workerId: string
  readonly logger: Logger
}

/** A stream of hundreds of shards must not wait for its leases one by one. */
const INITIAL_LEASES_AT_ONCE = 16

interface Creation {
  readonly signal: AbortSignal
  readonly mayGoOn?: (() => boolean) | undefined
  /** At once. */
  readonly most?: number | undefined
}

export class ShardSyncer {
  readonly #options: ShardSyncerOptions

  constructor(options: ShardSyncerOptions) {
    this.#options = options
  }

  /**
   * Creates what is missing.
   *
   * @param lost what a leader knows of rows that are gone
   * @param mayGoOn asked before each lease: a leader that was suspended meanwhile acts on a table
   *   that its successor has read, and tidied, long since
   * @returns how many leases this call created
   */
  async sync(
    leases: readonly Lease[],
    signal: AbortSignal,
    lost: LostRows = { remembered: [], holes: [] },
    mayGoOn: () => boolean = () => true,
  ): Promise<number> {
    const { initialPosition } = this.#options
    // The last row of a table may be lost like any other: what is remembered is not begun anew.
    if (leases.length === 0 && lost.remembered.length === 0) {
      // Of one generation, the first leases of a stream may be made in any order.
      const initial = await this.#initial(signal)
      return await this.#create(initial, { signal, mayGoOn, most: INITIAL_LEASES_AT_ONCE })
    }
    const shards = await this.shards(signal)
    const missing = leasesToAdd(shards, leases, lost, initialPosition, nowMs())
    return await this.#create(missing, { signal, mayGoOn })
  }

  /** Every shard of the stream. */
  async shards(signal: AbortSignal): Promise<readonly Shard[]> {
    return await this.#options.control.listShards(undefined, signal)
  }

  /**
   * Before SHARD_END is stored: child leases first, then their ids on the parent, so that a crash
   * in between can be repeated and leaves no gap.
   *
   * @param ending the lease that ends, as its holder knows it
   * @returns `blocked` while the lease of a merged sibling is still to be created
   */
  async endShard(
    { shardId, leaseCounter: parentCounter }: Pick<Lease, 'shardId' | 'leaseCounter'>,
    children: readonly ChildOfShard[],
    signal: AbortSignal,
  ): Promise<'ended' | 'blocked'> {
    if (children.length === 0) return 'ended'
    const others = await this.#leasesOf(otherParents(shardId, children))
    if (await this.#lacksSibling(others, children, signal)) return 'blocked'
    // Whoever ended the other parent of a merge has made the child: if it is gone, it was lost.
    const isLost = [...others.values()].some((lease) => lease !== undefined && isShardEnded(lease))
    const mayHaveBeen = isLost || wasMadeAgain(parentCounter)
    const leaseCounter = mayHaveBeen ? counterMadeAgain(nowMs(), parentCounter) : 0
    await this.#create(childLeases(children, this.#options.workerId, leaseCounter), { signal })
    await this.#options.store.recordChildren(
      shardId,
      children.map((child) => child.shardId),
    )
    return 'ended'
  }

  /** Parents of this shard that have a lease which is not at SHARD_END yet. */
  async unendedParents(lease: Lease, signal?: AbortSignal): Promise<readonly string[]> {
    const waitingFor: string[] = []
    for (const parentId of lease.parentShardIds) {
      const parent = await this.#options.store.get(parentId, signal)
      if (parent !== undefined && parent.checkpoint.sequenceNumber !== 'SHARD_END') {
        waitingFor.push(parentId)
      }
    }
    return waitingFor
  }

  async #initial(signal: AbortSignal): Promise<NewLease[]> {
    const { control, initialPosition } = this.#options
    const shards = await control.listShards(initialShardFilter(initialPosition), signal)
    if (!coverEveryHashKey(shards)) {
      throw new InvalidStreamModelError('The shard list leaves hash keys of the stream out', {
        hint: 'The stream is being resharded, or the endpoint ignores ShardFilter; it is listed again.',
        retryable: true,
      })
    }
    return initialLeases(shards, initialPosition)
  }

  /** Ancestors come first, so a stop half-way leaves nothing that the next sync does not find. */
  async #create(
    leases: readonly NewLease[],
    { signal, mayGoOn = () => true, most = 1 }: Creation,
  ): Promise<number> {
    let created = 0
    await atOnce(leases, most, async (lease) => {
      if (signal.aborted) throw new AbortedError('Creating leases')
      if (!mayGoOn()) return
      if (!(await this.#options.store.createIfAbsent(lease))) return
      created++
      this.#options.logger.info(
        { shardId: lease.leaseKey, checkpoint: lease.checkpoint.sequenceNumber },
        'created a lease',
      )
    })
    return created
  }

  async #leasesOf(shardIds: readonly string[]): Promise<ReadonlyMap<string, Lease | undefined>> {
    const leases = new Map<string, Lease | undefined>()
    for (const shardId of shardIds) leases.set(shardId, await this.#options.store.get(shardId))
    return leases
  }

  async #lacksSibling(
    others: ReadonlyMap<string, Lease | undefined>,
    children: readonly ChildOfShard[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const missing = [...others].filter(([, lease]) => lease === undefined).map(([id]) => id)
    if (missing.length === 0 || (await this.#haveLeases(children))) return false
    // A parent that retention has trimmed away will never get a lease; nothing waits for it.
    const listed = new Set((await this.shards(signal)).map((shard) => shard.shardId))
    return missing.some((parentId) => listed.has(parentId))
  }

  /** Then the other parent has ended too, and may have been tidied away. */
  async #haveLeases(children: readonly ChildOfShard[]): Promise<boolean> {
    const leases = await this.#leasesOf(children.map(({ shardId }) => shardId))
    return [...leases.values()].every((lease) => lease !== undefined)
  }
}
