/** Events of the producer. */
import type { UserRecordFailedError } from './errors.ts'
import type { UserRecord } from './user-record.ts'

/** Event name -> arguments of its listeners. @public */
export interface ProducerEvents<T = Uint8Array> {
  /** There is room again after `tryPut()` returned false. */
  readonly drain: readonly []
  /**
   * A record that no promise speaks for was lost: from `tryPut()`, of an aborted `put()`, or of a
   * `writable()` that was destroyed before.
   */
  readonly failed: readonly [record: UserRecord<T>, error: UserRecordFailedError]
  /** The service refused records of a shard for its rate; at most one event a request and shard. */
  readonly throttled: readonly [info: { readonly stream: string; readonly shardId: string }]
  /** Trouble in the background, such as a shard map that cannot be loaded. Logged if unheard. */
  readonly error: readonly [error: Error]
}
