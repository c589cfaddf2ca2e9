/**
 * How long a holder may act as one (reliability.md 2.1). Pure arithmetic on the local monotonic
 * clock: others expire the lease F after they saw the write, which cannot be before it was sent.
 */

/** Share of F kept back: twice a clock rate error of 1 %, plus the granularity of an event loop. */
const MARGIN = 0.05

/** @returns monotonic milliseconds up to which the holder believes */
export function beliefEndMs(writeSentMs: number, failoverTimeMs: number): number {
  return writeSentMs + failoverTimeMs * (1 - MARGIN)
}

/** Three heartbeats fit into a lease. */
export function renewalIntervalMs(failoverTimeMs: number): number {
  return failoverTimeMs / 3
}

/** A call that takes longer than this is given up and looked into. */
export function leaseCallTimeoutMs(failoverTimeMs: number): number {
  return Math.min(2000, Math.floor(failoverTimeMs / 5))
}
