/** What `metrics()` of a producer or a consumer is asked for, checked. */
import { InvalidOptionError } from '../errors.ts'
import { nearestName, type OptionRule, resolveOptions, showValue } from '../options.ts'
import { MAX_WINDOW_MS } from './metric-cells.ts'

/** What `metrics()` is asked for. @public */
export interface MetricsQuery<N extends string = string> {
  /** One metric only. @default all */
  readonly name?: N | undefined
  /**
   * The last so many milliseconds only, 1,000 to 60,000, rounded up to whole buckets of 5 s.
   * KPL: `windowSeconds`. @default since the beginning
   */
  readonly windowMs?: number | undefined
}

export interface ResolvedMetricsQuery<N extends string> {
  readonly name: N | undefined
  readonly windowMs: number | undefined
}

const LEAST_WINDOW_MS = 1000

/** @throws InvalidOptionError */
export function resolveMetricsQuery<N extends string>(
  given: unknown,
  names: readonly N[],
): ResolvedMetricsQuery<N> {
  return resolveOptions<ResolvedMetricsQuery<N>>('', given, {
    name: metricName(names),
    windowMs,
  })
}

function metricName<N extends string>(names: readonly N[]): OptionRule<N | undefined> {
  return (path, value) => {
    if (value === undefined || names.includes(value as N)) return value as N | undefined
    const near = typeof value === 'string' ? nearestName(value, names) : undefined
    throw new InvalidOptionError(
      path,
      `${path} is ${showValue(value)}`,
      near === undefined ? `Use one of: ${names.join(', ')}.` : `Did you mean "${near}"?`,
    )
  }
}

const windowMs: OptionRule<number | undefined> = (path, value) => {
  const isWhole = Number.isSafeInteger(value)
  if (
    value === undefined ||
    (isWhole && Number(value) >= LEAST_WINDOW_MS && Number(value) <= MAX_WINDOW_MS)
  ) {
    return value as number | undefined
  }
  throw new InvalidOptionError(
    path,
    `${path} is ${showValue(value)}`,
    `Use a whole number from ${LEAST_WINDOW_MS} to ${MAX_WINDOW_MS}, or none for all since the beginning.`,
  )
}
