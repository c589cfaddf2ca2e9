/** The one part of a signature that is checked: whether it was made about now. */
import { WireError } from './wire-error.ts'

const LIMIT_MINUTES = 5
const LIMIT_MS = LIMIT_MINUTES * 60_000

/**
 * @param signedAt header `x-amz-date`, e.g. `20240101T000000Z`
 * @throws WireError InvalidSignatureException, in the words of the service: the SDK and the
 * adapters tell by them that a clock is wrong
 */
export function checkSignatureTime(signedAt: string, nowMs: number): void {
  const signedMs = Date.parse(
    signedAt.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  )
  const now = headerDate(nowMs)
  if (Number.isNaN(signedMs)) throw invalid('The time of the signature cannot be read.')
  if (signedMs < nowMs - LIMIT_MS) {
    const oldest = headerDate(nowMs - LIMIT_MS)
    throw invalid(
      `Signature expired: ${signedAt} is now earlier than ${oldest} (${now} - ${LIMIT_MINUTES} min.)`,
    )
  }
  if (signedMs > nowMs + LIMIT_MS) {
    const newest = headerDate(nowMs + LIMIT_MS)
    throw invalid(
      `Signature not yet current: ${signedAt} is still later than ${newest} (${now} + ${LIMIT_MINUTES} min.)`,
    )
  }
}

function headerDate(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$|[-:]/g, (part) => (part.startsWith('.') ? 'Z' : ''))
}

function invalid(message: string): WireError {
  return new WireError('InvalidSignatureException', message)
}
