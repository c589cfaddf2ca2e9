/** WorkerUtilizationOptions -> ResolvedWorkerUtilization. Pure. */
import { InvalidOptionError } from '@millrace/core'
import { flag, integer, type OptionRule, optional, showValue } from '@millrace/core/internal'
import { resolveOptions } from './consumer-rules.ts'
import type { ResolvedLeaseOptions, ResolvedWorkerUtilization } from './options.ts'

/** As KCL spaces its moves by load: two reports of CPU use lie in between. */
const BALANCING_EVERY_MS = 60_000
const NO_LIMIT = Number.MAX_SAFE_INTEGER

/** Checked; without a frequency, which depends on another option. */
export interface CheckedWorkerUtilization
  extends Omit<ResolvedWorkerUtilization, 'varianceBalancingFrequency'> {
  readonly varianceBalancingFrequency: number | undefined
}

export const workerUtilization: OptionRule<CheckedWorkerUtilization> = (path, value) =>
  resolveOptions<CheckedWorkerUtilization>(path, value, {
    rebalanceThresholdPercentage: integer({ default: 10, min: 0, max: 100 }),
    dampeningPercentage: integer({ default: 60, min: 1, max: 100 }),
    allowThroughputOvershoot: flag(true),
    maxThroughputPerHostKBps: integer({ default: NO_LIMIT, min: 1, max: NO_LIMIT }),
    varianceBalancingFrequency: optional(integer({ default: 1, min: 1, max: NO_LIMIT })),
    metricsEmaAlpha,
  })

/** Undefined where neither the strategy nor the user asks for it. */
export function utilizationFor(
  lease: Pick<ResolvedLeaseOptions, 'assignmentStrategy' | 'assignmentIntervalMs'>,
  given: CheckedWorkerUtilization | undefined,
): ResolvedWorkerUtilization | undefined {
  const isByDefault = given === undefined && lease.assignmentStrategy === 'worker-utilization'
  const checked = isByDefault ? workerUtilization('lease.workerUtilization', undefined) : given
  if (checked === undefined) return undefined
  const roundsBetween = Math.max(1, Math.ceil(BALANCING_EVERY_MS / lease.assignmentIntervalMs))
  return {
    ...checked,
    varianceBalancingFrequency: checked.varianceBalancingFrequency ?? roundsBetween,
  }
}

function metricsEmaAlpha(path: string, value: unknown): number {
  if (value === undefined) return 0.5
  if (typeof value === 'number' && value > 0 && value <= 1) return value
  throw new InvalidOptionError(
    path,
    `${path} is ${showValue(value)}`,
    'Use a number above 0 and at most 1 (default 0.5).',
  )
}
