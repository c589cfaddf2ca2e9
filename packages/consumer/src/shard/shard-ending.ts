/**
 * The end of a shard, in the order that KCL keeps: child leases, the processor's `shardEnded`, then
 * SHARD_END. With SHARD_END first, a crash would leave the children to the next shard sync.
 */
import type { Logger, Random } from '@millrace/core'
import { type Backoff, fullJitterMs, isLoudFailure } from '../backoff.ts'
import type { AutoCheckpoint } from '../delivery/auto-checkpoint.ts'
import { CallFailures } from '../delivery/call-failures.ts'
import type { CheckpointTracker } from '../delivery/checkpoint-tracker.ts'
import type { HandlerAdapter } from '../delivery/handler-adapter.ts'
import type { HandlerRetry } from '../delivery/handler-retry.ts'
import { persist } from '../delivery/persist.ts'
import type { RecordDelivery } from '../delivery/record-delivery.ts'
import type { ShardCheckpointer } from '../delivery/shard-checkpointer.ts'
import type { ShardHealth } from '../delivery/shard-health.ts'
import { LeaseLostError } from '../errors.ts'
import type { EmitConsumerEvent } from '../events.ts'
import { measured, SHUTDOWN_TASK } from '../metrics/measured.ts'
import type { ConsumerMeter } from '../metrics/metric-names.ts'
import type { ShardContext } from '../record.ts'
import type { ChildOfShard } from '../shard-sync/shard-end-plan.ts'
import type { ShardHalt } from './shard-halt.ts'

/** Creates the leases of the children. `blocked`: not possible yet, ask again. */
export type EndShard = (children: readonly ChildOfShard[]) => Promise<'ended' | 'blocked'>

const BACKOFF: Backoff = { firstMs: 500, capMs: 5000 }

export interface ShardEndingOptions<T> {
  readonly shard: ShardContext
  readonly endShard: EndShard
  readonly adapter: HandlerAdapter<T>
  readonly retry: HandlerRetry<T>
  readonly batches: Pick<RecordDelivery<T>, 'mayCall'>
  readonly tracker: CheckpointTracker
  readonly checkpointer: ShardCheckpointer
  readonly auto: AutoCheckpoint | undefined
  readonly halt: ShardHalt
  readonly health: ShardHealth
  readonly emit: EmitConsumerEvent
  readonly logger: Logger
  readonly metrics: ConsumerMeter
  readonly random: Random
}

export class ShardEnding<T> {
  readonly #options: ShardEndingOptions<T>

  constructor(options: ShardEndingOptions<T>) {
    this.#options = options
  }

  /**
   * @returns false when the shard was halted first
   * @throws HandlerFailedError, LeaseLostError
   */
  async run(children: readonly ChildOfShard[]): Promise<boolean> {
    const { tracker, auto, halt, checkpointer, random, emit, shard } = this.#options
    tracker.markEnding()
    await auto?.flush()
    if (!(await this.createChildren(children))) return false
    if (!(await this.#tellProcessor())) return false
    await persist(() => checkpointer.storeShardEnd(), {
      signal: halt.lost,
      random,
      onFailure: (error, failures) => this.#report(error, failures),
    })
    emit('shardEnded', {
      stream: shard.stream,
      shardId: shard.shardId,
      childShardIds: children.map((child) => child.shardId),
    })
    return true
  }

  /** Until it is done, or the shard is halted or not believed in (then false). It may be done already. */
  async createChildren(children: readonly ChildOfShard[]): Promise<boolean> {
    const { endShard, halt, health, random, batches } = this.#options
    for (let failures = 1; batches.mayCall(); failures++) {
      try {
        if ((await endShard(children)) === 'ended') {
          health.endingWorked()
          return true
        }
      } catch (cause) {
        if (cause instanceof LeaseLostError) throw cause
        this.#report(cause, failures)
      }
      await halt.wait(fullJitterMs(BACKOFF, failures, random))
    }
    return false
  }

  async #tellProcessor(): Promise<boolean> {
    const { adapter, retry, batches, shard, health, metrics } = this.#options
    const failures = new CallFailures()
    while (batches.mayCall()) {
      try {
        await measured(metrics, ...SHUTDOWN_TASK, async () => adapter.shardEnded(shard))
        health.handlerWorked()
        return true
      } catch (error) {
        health.handlerFailed(error)
        if ((await retry.judge(failures.failed<T>(error, []))) === 'skip') return true
      }
    }
    return false
  }

  #report(error: unknown, failures: number): void {
    const { health, logger, shard } = this.#options
    health.endingFailed(error)
    if (!isLoudFailure(failures)) return
    logger.warn({ err: error, shardId: shard.shardId, failures }, 'a shard could not be ended yet')
  }
}
