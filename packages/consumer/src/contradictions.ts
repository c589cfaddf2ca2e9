/** Options that are fine alone and cannot be meant together. Pure. */
import { InvalidOptionError } from '@millrace/core'
import { FRESH_FOR_MS } from './lease/worker-metrics-row.ts'
import type { ResolvedConsumerOptions, ResolvedLeaseOptions } from './options.ts'

type Endpoints = Pick<
  ResolvedConsumerOptions<never>,
  'client' | 'dynamodb' | 'region' | 'endpoint' | 'dynamodbEndpoint' | 'credentials' | 'stream'
>

/** @throws InvalidOptionError */
export function refuseContradictions(
  options: Endpoints & { readonly lease: ResolvedLeaseOptions },
): void {
  refuseLeasePeriods(options.lease)
  refuseUnusedUtilization(options.lease)
  refuseUnservedRecovery(options)
  refuseUnusedEndpoints(options)
  const { region, stream } = options
  if (region === undefined || stream.region === undefined || region === stream.region) return
  throw new InvalidOptionError(
    'region',
    `region is "${region}", but the ARN of stream is in ${stream.region}`,
    "Leave region out: the ARN's region is used.",
  )
}

/** A worker with these would be taken for dead while it lives. */
function refuseLeasePeriods(lease: ResolvedLeaseOptions): void {
  const { failoverTimeMs, observationIntervalMs, discoveryIntervalMs } = lease
  const { workerMetricsIntervalMs, leaderLeaseDurationMs } = lease
  if (observationIntervalMs > failoverTimeMs) {
    throw new InvalidOptionError(
      'lease.observationIntervalMs',
      `lease.observationIntervalMs (${observationIntervalMs}) is above lease.failoverTimeMs (${failoverTimeMs})`,
      'Look at the lease counters at least once per failover time; a fifth of it is usual.',
    )
  }
  // A lease that was given to it expires unless it is found and renewed before.
  if (discoveryIntervalMs > failoverTimeMs) {
    throw new InvalidOptionError(
      'lease.discoveryIntervalMs',
      `lease.discoveryIntervalMs (${discoveryIntervalMs}) is above lease.failoverTimeMs (${failoverTimeMs})`,
      'Look for assigned leases at least once per failover time; a fifth of it is usual.',
    )
  }
  if (leaderLeaseDurationMs < 2 * observationIntervalMs) {
    throw new InvalidOptionError(
      'lease.leaderLeaseDurationMs',
      `lease.leaderLeaseDurationMs (${leaderLeaseDurationMs}) is below twice lease.observationIntervalMs (${observationIntervalMs})`,
      'Give a leader at least two looks at the table; five are usual.',
    )
  }
  if (workerMetricsIntervalMs > FRESH_FOR_MS / 2) {
    throw new InvalidOptionError(
      'lease.workerMetricsIntervalMs',
      `lease.workerMetricsIntervalMs is ${workerMetricsIntervalMs}`,
      `Use at most ${FRESH_FOR_MS / 2}: a sign of life counts for ${FRESH_FOR_MS} ms, in KCL too.`,
    )
  }
}

/** A port that cannot switch it on would leave the table without it, silently. */
function refuseUnservedRecovery(
  options: Pick<Endpoints, 'dynamodb'> & { readonly lease: ResolvedLeaseOptions },
): void {
  const { dynamodb, lease } = options
  if (!lease.table.pointInTimeRecovery || dynamodb === undefined) return
  if (typeof dynamodb.updateContinuousBackups === 'function') return
  throw new InvalidOptionError(
    'lease.table.pointInTimeRecovery',
    'lease.table.pointInTimeRecovery is true, but dynamodb has no updateContinuousBackups',
    'Add that method to the port, or switch point-in-time recovery on by hand.',
  )
}

/** What the assignment by lease count never reads. */
function refuseUnusedUtilization(lease: ResolvedLeaseOptions): void {
  if (lease.assignmentStrategy === 'worker-utilization') return
  if (lease.workerUtilization === undefined) return
  throw new InvalidOptionError(
    'lease.workerUtilization',
    `lease.workerUtilization is given beside lease.assignmentStrategy "${lease.assignmentStrategy}"`,
    'Set lease.assignmentStrategy to "worker-utilization", or leave workerUtilization out.',
  )
}

/** What only a client that we make would read. */
function refuseUnusedEndpoints(options: Endpoints): void {
  const { client, dynamodb } = options
  const unused: readonly (readonly [
    'region' | 'credentials' | 'endpoint' | 'dynamodbEndpoint',
    string | undefined,
  ])[] = [
    ['endpoint', client && 'client'],
    ['dynamodbEndpoint', dynamodb && 'dynamodb'],
    ['region', client && dynamodb && 'client and dynamodb'],
    ['credentials', client && dynamodb && 'client and dynamodb'],
  ]
  for (const [name, beside] of unused) {
    if (beside === undefined || options[name] === undefined) continue
    throw new InvalidOptionError(
      name,
      `${name} is given beside ${beside}`,
      `Give ${name} to the client that you made, or leave ${beside} out.`,
    )
  }
}
