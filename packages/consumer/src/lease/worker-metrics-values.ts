/** What a worker-metrics row says about load: its maps `sts` and `opr`, and what KCL makes of them. Pure. */
import type { dynamo } from '@millrace/core'

/**
 * As a KCL leader takes the row: `default` has no metrics and is balanced by throughput; `failing`
 * could not measure of late and `invalid` contradicts itself: neither is given leases.
 */
export type MetricsStanding = 'default' | 'measured' | 'failing' | 'invalid'

export interface WorkerMetrics {
  readonly standing: MetricsStanding
  /** By short name (`C` is CPU): averages in percent, oldest first, -1 for a period that failed. */
  readonly averages: ReadonlyMap<string, readonly number[]>
  /** By short name: the most that the worker should be used, percent. */
  readonly limits: ReadonlyMap<string, number>
}

/** Short name of CPU use. */
const CPU = 'C'
/** A worker may be used up: KCL's default for each metric that it measures itself. */
const CPU_LIMIT = '100'
const FAILED = -1
/** A row with this name among its metrics counts as one without any. */
const DEFAULT_METRIC = 'THROUGHPUT'

/** Never throws, whatever the row holds. */
export function readWorkerMetrics(row: dynamo.Item): WorkerMetrics {
  const averages = readLists(row['sts'])
  const limitLists = readLists(row['opr'])
  if (averages === undefined || limitLists === undefined) {
    return { standing: 'invalid', averages: new Map(), limits: new Map() }
  }
  const limits = new Map<string, number>()
  for (const [name, [limit]] of limitLists) if (limit !== undefined) limits.set(name, limit)
  return { standing: standingOf(averages, limits), averages, limits }
}

/** The two maps of a row: every metric of `sts` is in `opr`, else no KCL leader gives leases. */
export function metricsAttributes(cpuAverages: readonly number[]): {
  readonly sts: dynamo.AttributeValue
  readonly opr: dynamo.AttributeValue
} {
  if (cpuAverages.length === 0) return { sts: { M: {} }, opr: { M: {} } }
  return {
    sts: { M: { [CPU]: { L: cpuAverages.map((average) => ({ N: String(average) })) } } },
    opr: { M: { [CPU]: { L: [{ N: CPU_LIMIT }] } } },
  }
}

function standingOf(
  averages: ReadonlyMap<string, readonly number[]>,
  limits: ReadonlyMap<string, number>,
): MetricsStanding {
  if (averages.size === 0 && limits.size === 0) return 'default'
  if (averages.has(DEFAULT_METRIC)) return 'default'
  let isFailing = false
  for (const [name, values] of averages) {
    const newest = values.at(-1)
    const limit = limits.get(name)
    if (newest === undefined || limit === undefined || limit === 0) return 'invalid'
    if (newest === FAILED) isFailing = true
  }
  if (averages.size === 0) return 'invalid'
  return isFailing ? 'failing' : 'measured'
}

/** A map of lists of numbers; absent is empty. Undefined when anything else is in it. */
function readLists(
  attribute: dynamo.AttributeValue | undefined,
): ReadonlyMap<string, readonly number[]> | undefined {
  if (attribute === undefined) return new Map()
  const map: unknown = attribute?.M
  if (typeof map !== 'object' || map === null) return undefined
  const lists = new Map<string, readonly number[]>()
  for (const [name, list] of Object.entries(map as NonNullable<dynamo.AttributeValue['M']>)) {
    const values = Array.isArray(list?.L) ? list.L.map(numberOf) : undefined
    if (values === undefined || values.some(Number.isNaN)) return undefined
    lists.set(name, values)
  }
  return lists
}

/** NaN for what is no number. */
function numberOf(value: dynamo.AttributeValue | undefined): number {
  const text = value?.N
  const number = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN
  return Number.isFinite(number) ? number : Number.NaN
}
