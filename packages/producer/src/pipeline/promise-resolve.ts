/** HOT: a promise and the function that resolves it without a closure per call. */
import type { Resolve } from './outstanding-record.ts'

/** Of the promise that was made last with `takeResolve`. */
export const lastPromise: { resolve: Resolve } = { resolve: () => {} }

/**
 * To be handed to `new Promise`. A rejection is a resolution with a rejected promise: to keep the
 * second function of each promise alive costs more than all failures do.
 */
export function takeResolve(resolve: Resolve): void {
  lastPromise.resolve = resolve
}
