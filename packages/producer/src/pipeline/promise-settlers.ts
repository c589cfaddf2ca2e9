/** HOT: a promise and its settling functions without a closure per call. */
import type { UserRecordResult } from '../user-record.ts'

/** The settling functions of the promise that was made last with `takeSettlers`. */
export const settlers: {
  resolve: (result: UserRecordResult) => void
  reject: (error: unknown) => void
} = { resolve: () => {}, reject: () => {} }

/** To be handed to `new Promise`. */
export function takeSettlers(
  resolve: (result: UserRecordResult) => void,
  reject: (error: unknown) => void,
): void {
  settlers.resolve = resolve
  settlers.reject = reject
}
