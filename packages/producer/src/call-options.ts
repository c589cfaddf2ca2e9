/** What single calls of a producer can be told: checked at each call, as the options of the producer are. */
import type { StreamRef } from '@millrace/core'
import {
  integer,
  type OptionRules,
  refuseBareSignal,
  resolveOptions,
  SIGNAL_RULES,
  type SignalOption,
} from '@millrace/core/internal'

const DEFAULT_HIGH_WATER_MARK = 16
const MAX_TIMER_MS = 2_147_483_647

interface FlushOptions extends SignalOption {
  readonly stream: StreamRef | undefined
}

const FLUSH_RULES: OptionRules<FlushOptions> = {
  ...SIGNAL_RULES,
  // Checked by whoever it is handed to.
  stream: (_path, value) => value as StreamRef | undefined,
}

/** @throws InvalidOptionError */
export function resolveFlushOptions(given: unknown): FlushOptions {
  refuseBareSignal(given)
  return resolveOptions('', given, FLUSH_RULES)
}

/** @throws InvalidOptionError */
export function resolveCloseOptions(
  given: unknown,
  byDefaultMs: number,
): { readonly timeoutMs: number } {
  return resolveOptions('', given, {
    timeoutMs: integer({ default: byDefaultMs, min: 0, max: MAX_TIMER_MS }),
  })
}

/** @throws InvalidOptionError */
export function resolveWritableOptions(given: unknown): { readonly highWaterMark: number } {
  return resolveOptions('', given, {
    highWaterMark: integer({ default: DEFAULT_HIGH_WATER_MARK, min: 1, max: 1_000_000 }),
  })
}
