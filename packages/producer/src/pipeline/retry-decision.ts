/** Pure: whether a failed attempt is worth another one, and after what delay. */
import type { ServiceErrorKind } from '@millrace/core'

/** Back-off doubles from here, with full jitter, up to the cap. */
const FIRST_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 5000
/** A provider that fails now and then (R65) gets this many attempts; absent keys stay a clear error. */
const CREDENTIAL_ATTEMPTS = 4

/** A key that is disabled or denied stays so; one that is being enabled may be there at the next try. */
const KMS_ATTEMPTS = 2

export interface FailedAttempt {
  readonly kind: ServiceErrorKind
  /** The service's or the socket's name for it. */
  readonly code: string
  /** 1 for the first attempt. */
  readonly attempt: number
}

/** Retry after `delayMs`, or not at all. */
export type RetryDecision =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false }

const FAIL: RetryDecision = { retry: false }

/**
 * An attempt whose fate is unknown (network, 5xx) is retried: delivery is at least once.
 *
 * @param random uniform in [0, 1)
 */
export function decideRetry(
  failed: FailedAttempt,
  failIfThrottled: boolean,
  random: number,
): RetryDecision {
  if (!isRetryable(failed, failIfThrottled)) return FAIL
  return { retry: true, delayMs: backoffMs(failed.attempt, random) }
}

/** Full jitter: anywhere from 0 to the bound, so that clients spread. */
export function backoffMs(attempt: number, random: number): number {
  const bound = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(attempt - 1, 16))
  return Math.floor(random * bound)
}

function isRetryable(failed: FailedAttempt, failIfThrottled: boolean): boolean {
  if (failed.code === 'CredentialsProviderError') return failed.attempt < CREDENTIAL_ATTEMPTS
  switch (failed.kind) {
    case 'throttled':
      return !failIfThrottled
    case 'transient':
    case 'network':
    case 'aborted':
    case 'expired-credentials':
    case 'limit':
    case 'in-use':
    case 'unknown':
      return true
    case 'kms':
      return failed.attempt < KMS_ATTEMPTS
    case 'denied':
    case 'missing':
    case 'invalid':
    case 'expired-iterator':
    case 'expired-token':
    case 'condition-failed':
      return false
    default:
      failed.kind satisfies never
      return true
  }
}
