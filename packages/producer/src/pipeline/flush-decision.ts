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

/** How much earlier than its expiry a record is sent: timers ring late. */
const EXPIRY_MARGIN_MS = 10
/** How long records wait for a shard map, before they travel alone, which is always right. */
const HOLD_MS = 5000

/** The shortest TTL with which a record is sent, and not expired, at the end of its buffered time. */
export function leastTtlMs(bufferedTimeMs: number, aggregating: boolean): number {
  return bufferedTimeMs + (aggregating ? collectionExtensionMs(bufferedTimeMs) : 0) + 1
}

/** How long records of this TTL wait for a shard map, or for the judgement on their place. */
export function holdTimeMs(recordTtlMs: number): number {
  return Math.min(HOLD_MS, recordTtlMs >> 1)
}

/**
 * When a user record must leave the aggregator. A retried one has waited already: half the time.
 *
 * @param nowMs when it comes to the aggregator: for a retried one, the end of its back-off
 */
export function aggregationDeadlineMs(
  admittedMs: number,
  retried: boolean,
  nowMs: number,
  bufferedTimeMs: number,
  expiresMs: number,
): number {
  const deadlineMs = retried ? nowMs + (bufferedTimeMs >> 1) : admittedMs + bufferedTimeMs
  return Math.min(deadlineMs, expiresMs - EXPIRY_MARGIN_MS)
}

/** When a Kinesis record must leave the collector. */
export function collectionDeadlineMs(
  deadlineMs: number,
  expiresMs: number,
  nowMs: number,
  bufferedTimeMs: number,
  aggregating: boolean,
): number {
  const latestMs = expiresMs - EXPIRY_MARGIN_MS
  if (!aggregating) return Math.min(deadlineMs, latestMs)
  return Math.min(Math.max(deadlineMs, nowMs + collectionExtensionMs(bufferedTimeMs)), latestMs)
}

function collectionExtensionMs(bufferedTimeMs: number): number {
  return Math.min(
    COLLECTION_EXTENSION_MAX_MS,
    Math.floor(bufferedTimeMs * COLLECTION_EXTENSION_SHARE),
  )
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
