/** The option `signal` of single calls: `{ signal }`, checked at each call. */
import { InvalidOptionError } from './errors.ts'
import { type OptionRules, objectWith, resolveOptions } from './options.ts'

export interface SignalOption {
  readonly signal: AbortSignal | undefined
}

export const SIGNAL_RULES: OptionRules<SignalOption> = {
  signal: objectWith<AbortSignal>(['addEventListener', 'removeEventListener']),
}

/** @throws InvalidOptionError */
export function resolveSignalOption(given: unknown): SignalOption {
  refuseBareSignal(given)
  return resolveOptions('', given, SIGNAL_RULES)
}

/** It has no keys of its own that could be found unknown, and would be passed over. */
export function refuseBareSignal(given: unknown): void {
  if (!(given instanceof AbortSignal)) return
  throw new InvalidOptionError('signal', 'The options are an AbortSignal', 'Pass { signal }.')
}
