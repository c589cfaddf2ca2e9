/** Events of a consumer. Past tense for facts; a listener that throws never stops the worker. */

/** @public */
export type ConsumerState =
  | 'created'
  | 'initializing'
  | 'running'
  | 'draining'
  | 'stopped'
  | 'failed'
/** @public */
export type LeaseLossReason = 'stolen' | 'expired' | 'released'
/** @public */
export interface LeaseSnapshot {
  readonly leaseKey: string
  readonly shardId: string
  readonly epoch: number
  readonly checkpoint: string
}
/**
 * - `completed`: the handler stopped in time, and the next owner has the lease
 * - `timed-out`: it did not stop in time, and the next owner has the lease all the same
 * - `freed`: the next owner was gone by then; the leader gives the lease to another
 * - `lost`: the lease was taken, or ran out, before it could be handed over
 * @public
 */
export type HandoffEndReason = 'completed' | 'timed-out' | 'freed' | 'lost'
/** @public */
export interface HandoffInfo {
  readonly leaseKey: string
  readonly shardId: string
  /** Who has the lease now; undefined for nobody, or when that is not known. */
  readonly to: string | undefined
  readonly reason: HandoffEndReason
  /** Since this worker learned that its leader wants the lease handed over, milliseconds. */
  readonly tookMs: number
}
/** @public */
export interface RetentionPassedInfo {
  readonly stream: string
  readonly shardId: string
  /** Sequence number of the last record read, or of the checkpoint that the shard was taken with. */
  readonly after: string
  /** Sequence number of the oldest record that is left, with which reading goes on. */
  readonly resumedAt: string
  /** When that one arrived at the service, epoch milliseconds. */
  readonly resumedArrivalMs: number
  /**
   * What is gone arrived within so many milliseconds before `resumedArrivalMs`. Undefined right
   * after the shard was taken: the lease table does not hold when its checkpoint arrived.
   */
  readonly missedMs: number | undefined
}
/** @public */
export interface ConsumerEvents {
  /** A state begins. KCL: `WorkerStateChangeListener.onWorkerStateChange`. */
  readonly stateChange: [state: ConsumerState]
  /** This worker has the shard from now on: the first renewal of its lease has landed. */
  readonly leaseAcquired: [lease: LeaseSnapshot]
  /**
   * It has the shard no more. `stolen`: another worker wrote to the row; `expired`: no renewal landed in
   * time; `released`: it gave the lease away, or the shard had ended.
   */
  readonly leaseLost: [lease: LeaseSnapshot, reason: LeaseLossReason]
  /** A leader moved a lease of this worker to another; once for each handoff that it asked for. */
  readonly handoffEnded: [info: HandoffInfo]
  /** A closed shard was read to its end, and SHARD_END is stored. */
  readonly shardEnded: [
    info: {
      readonly stream: string
      readonly shardId: string
      readonly childShardIds: readonly string[]
    },
  ]
  /** A position was stored; automatic checkpoints included, SHARD_END included. */
  readonly checkpointed: [
    info: {
      readonly stream: string
      readonly shardId: string
      readonly sequenceNumber: string
      readonly subSequenceNumber: number
    },
  ]
  /** With each page that goes to the handler: how far it was behind the tip when it was read, milliseconds. */
  readonly lag: [
    info: {
      readonly stream: string
      readonly shardId: string
      readonly millisBehindLatest: number
    },
  ]
  /** A handler threw; `attempts` counts this call's failures. */
  readonly handlerFailed: [
    info: {
      readonly stream: string
      readonly shardId: string
      readonly attempts: number
      readonly error: unknown
    },
  ]
  /** Bytes could not be taken apart, or `codec` refused them; `onMalformed` decides. */
  readonly malformed: [
    info: {
      readonly stream: string
      readonly shardId: string
      readonly sequenceNumber: string
      readonly reason: string
    },
  ]
  /** `outOfRange` user records of an aggregate belong to another shard; see `onMisplacedAggregate`. */
  readonly misplacedAggregate: [
    info: {
      readonly stream: string
      readonly shardId: string
      readonly sequenceNumber: string
      readonly outOfRange: number
    },
  ]
  /** Retention was shorter than this consumer was behind: records are gone unread, reading goes on. */
  readonly retentionPassed: [info: RetentionPassedInfo]
  /** Trouble in the background, which is tried again. Logged if nobody listens. KCL has no such call. */
  readonly error: [error: unknown]
}

/** How parts of the consumer emit: the `emit` of its emitter, bound. */
export type EmitConsumerEvent = <K extends keyof ConsumerEvents>(
  name: K,
  ...args: [...ConsumerEvents[K]]
) => unknown
