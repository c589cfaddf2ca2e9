/** What handlers of users get up to: huge synchronous work, late settling, odd checkpoints. */
import { InvalidCheckpointError, LeaseLostError, type ShardContext } from '@millrace/consumer'
import { type ExtendedSequenceNumber, isServiceError, type Random } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { SimulatedWorld } from '@millrace/testing'
import type { Ledger } from '../checkers/ledger.ts'

const KINDS = [
  'huge-work',
  'settles-late',
  'checkpoint-twice',
  'checkpoint-backwards',
  'checkpoint-of-other-shard',
] as const

export type MischiefKind = (typeof KINDS)[number]

export interface MischiefOptions {
  readonly world: SimulatedWorld
  readonly ledger: Ledger
  readonly random: Random
  /** Per handler call. */
  readonly probability: number
  /** By then everything behaves. */
  readonly untilMs: number
  /** Blocks the event loop of this worker. */
  readonly busy: (forMs: number) => Promise<void>
}

/** Longer than a lease now and then. */
const LONGEST_WORK_MS = 16_000
const USUAL_WORK_MS = 2000
const LONGEST_WAIT_MS = 12_000
const LATE_MS = 3000

export class Mischief {
  readonly #options: MischiefOptions
  readonly #running = new Set<Promise<void>>()

  constructor(options: MischiefOptions) {
    this.#options = options
  }

  /** What this call gets up to, if anything. */
  draw(): MischiefKind | undefined {
    const { probability, random } = this.#options
    if (probability === 0 || random.next() >= probability || this.#leftMs() <= 0) return undefined
    return KINDS[Math.floor(random.next() * KINDS.length)]
  }

  /** While the call works. */
  during(kind: MischiefKind | undefined, shard: ShardContext): Promise<void> | undefined {
    if (kind === 'huge-work') return this.#work()
    return kind === 'settles-late' ? this.#tracked(this.#settleLate(shard)) : undefined
  }

  /** When everything that the call was given is done. */
  async after(kind: MischiefKind | undefined, shard: ShardContext): Promise<void> {
    const { world } = this.#options
    if (kind === 'checkpoint-twice') {
      world.count('handler.checkpoint-twice')
      await Promise.all([this.#checkpoint(shard), this.#checkpoint(shard)])
      return
    }
    const target = this.#oddTarget(kind, shard.shardId)
    if (kind === undefined || target === undefined) return
    world.count(`handler.${kind}`)
    await this.#checkpoint(shard, target)
  }

  /** Resolves when no call waits any more: what they wait with is not the consumer's to tidy up. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #work(): Promise<void> {
    const { world, random, busy } = this.#options
    const longestMs = random.next() < 0.3 ? LONGEST_WORK_MS : USUAL_WORK_MS
    world.count('handler.huge-work')
    await busy(Math.ceil(Math.min(random.next() * longestMs, this.#leftMs())) + 1)
  }

  /** Waits for its lease to be lost, and goes on for a while all the same. */
  async #settleLate(shard: ShardContext): Promise<void> {
    const { world, random } = this.#options
    await sleep(Math.min(LONGEST_WAIT_MS, Math.max(0, this.#leftMs())), shard.signal).catch(
      () => undefined,
    )
    if (!shard.signal.aborted) return
    world.count('handler.settles-late')
    await sleep(random.next() * LATE_MS)
    await this.#checkpoint(shard)
  }

  #oddTarget(kind: MischiefKind | undefined, shardId: string): ExtendedSequenceNumber | undefined {
    const { ledger, random } = this.#options
    if (kind === 'checkpoint-backwards') return ledger.shard(shardId).records[0]
    if (kind !== 'checkpoint-of-other-shard') return undefined
    const others = [...ledger.shards].filter((shard) => shard.shardId !== shardId)
    const records = others[Math.floor(random.next() * others.length)]?.records ?? []
    return records[Math.floor(random.next() * records.length)]
  }

  async #checkpoint(shard: ShardContext, at?: ExtendedSequenceNumber): Promise<void> {
    const { world } = this.#options
    const isLost = shard.signal.aborted
    try {
      await shard.checkpoint(at)
    } catch (cause) {
      const isExpected =
        cause instanceof InvalidCheckpointError ||
        cause instanceof LeaseLostError ||
        isServiceError(cause)
      if (!isExpected) world.violation('S9', `a checkpoint rejected with ${String(cause)}`)
      return
    }
    if (isLost) world.violation('S9', `${shard.shardId}: a checkpoint after the lease was lost`)
  }

  async #tracked(work: Promise<void>): Promise<void> {
    this.#running.add(work)
    await work.finally(() => this.#running.delete(work))
  }

  #leftMs(): number {
    return this.#options.untilMs - this.#options.world.nowMs()
  }
}
