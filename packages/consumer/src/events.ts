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
/** @public */
export interface ConsumerEvents {
  readonly stateChange: [state: ConsumerState]
  readonly leaseAcquired: [lease: LeaseSnapshot]
  readonly leaseLost: [lease: LeaseSnapshot, reason: LeaseLossReason]
  readonly shardEnded: [
    info: {
      readonly stream: string
      readonly shardId: string
      readonly childShardIds: readonly string[]
    },
  ]
  readonly checkpointed: [
    info: {
      readonly stream: string
      readonly shardId: string
      readonly sequenceNumber: string
      readonly subSequenceNumber: number
    },
  ]
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
  readonly malformed: [
    info: {
      readonly stream: string
      readonly shardId: string
      readonly sequenceNumber: string
      readonly reason: string
    },
  ]
  readonly misplacedAggregate: [
    info: {
      readonly stream: string
      readonly shardId: string
      readonly sequenceNumber: string
      readonly outOfRange: number
    },
  ]
  readonly error: [error: unknown]
}

/** How parts of the consumer emit: the `emit` of its emitter, bound. */
export type EmitConsumerEvent = <K extends keyof ConsumerEvents>(
  name: K,
  ...args: [...ConsumerEvents[K]]
) => unknown
