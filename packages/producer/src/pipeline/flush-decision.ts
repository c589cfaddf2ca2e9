/** HOT: pure arithmetic on when and with what a container leaves its stage; no allocation. */

/** KPL's: a request never waits until one shard has more than this in it. */
export const SHARD_BYTES_PER_REQUEST: number = 256 * 1024
/** KPL's: how much longer a Kinesis record may wait for company in a request. */
const COLLECTION_EXTENSION_MAX_MS = 50
const COLLECTION_EXTENSION_SHARE = 0.2

export interface CollectionLimits {
  readonly maxRecords: number
  readonly maxBytes: number
}

/**
 * When a user record must leave the aggregator. A retried one has waited already: half the time.
 *
 * @param freeSinceMs admission, or the end of the last attempt
 */
export function aggregationDeadlineMs(
  admittedMs: number,
  retried: boolean,
  nowMs: number,
  bufferedTimeMs: number,
  expiresMs: number,
): number {
  const deadlineMs = retried ? nowMs + (bufferedTimeMs >> 1) : admittedMs + bufferedTimeMs
  return Math.min(deadlineMs, expiresMs)
}

/** When a Kinesis record must leave the collector. */
export function collectionDeadlineMs(
  deadlineMs: number,
  expiresMs: number,
  nowMs: number,
  bufferedTimeMs: number,
  aggregating: boolean,
): number {
  if (!aggregating) return Math.min(deadlineMs, expiresMs)
  const extensionMs = Math.min(
    COLLECTION_EXTENSION_MAX_MS,
    Math.floor(bufferedTimeMs * COLLECTION_EXTENSION_SHARE),
  )
  return Math.min(Math.max(deadlineMs, nowMs + extensionMs), expiresMs)
}

/** True when the request must leave before this Kinesis record joins it. */
export function leavesBefore(
  records: number,
  bytes: number,
  nextBytes: number,
  limits: CollectionLimits,
): boolean {
  return records > 0 && bytes + nextBytes > limits.maxBytes
}

/** True when the request must leave now that it holds this much. */
export function leavesAfter(
  records: number,
  bytes: number,
  shardBytes: number,
  limits: CollectionLimits,
): boolean {
  return (
    records >= limits.maxRecords ||
    bytes >= limits.maxBytes ||
    shardBytes >= SHARD_BYTES_PER_REQUEST
  )
}
