import assert from 'node:assert/strict'
import { InvalidOptionError } from '@millrace/core'
import type { LeaseOptions, ResolvedLeaseOptions } from '../src/options.ts'
import { resolveConsumerOptions } from '../src/resolve-options.ts'

function resolved(lease: object): ResolvedLeaseOptions {
  const given = { applicationName: 'app', stream: 'orders', logger: false } as const
  return resolveConsumerOptions({ ...given, lease: lease as LeaseOptions }).lease
}

const BY_UTILIZATION = { assignmentStrategy: 'worker-utilization' } as const

describe('lease.assignmentStrategy', () => {
  it('is by default the lease count, without parameters', () => {
    assert.equal(resolved({}).assignmentStrategy, 'lease-count')
    assert.equal(resolved({}).workerUtilization, undefined)
  })

  it("has KCL's parameters for worker-utilization, and its minute between moves", () => {
    assert.deepEqual(resolved(BY_UTILIZATION).workerUtilization, {
      rebalanceThresholdPercentage: 10,
      dampeningPercentage: 60,
      allowThroughputOvershoot: true,
      maxThroughputPerHostKBps: Number.MAX_SAFE_INTEGER,
      varianceBalancingFrequency: 12,
      metricsEmaAlpha: 0.5,
    })
    const frequencyAt = (assignmentIntervalMs: number): number | undefined =>
      resolved({ ...BY_UTILIZATION, assignmentIntervalMs }).workerUtilization
        ?.varianceBalancingFrequency
    assert.equal(frequencyAt(20_000), 3)
    assert.equal(frequencyAt(25_000), 3)
    assert.equal(frequencyAt(120_000), 1)
  })

  it('keeps what it is given', () => {
    const workerUtilization = {
      rebalanceThresholdPercentage: 20,
      dampeningPercentage: 100,
      allowThroughputOvershoot: false,
      maxThroughputPerHostKBps: 5000,
      varianceBalancingFrequency: 1,
      metricsEmaAlpha: 1,
    }
    const lease = { ...BY_UTILIZATION, workerUtilization }
    assert.deepEqual(resolved(lease).workerUtilization, workerUtilization)
  })

  describe('refuses', () => {
    const path = 'lease.workerUtilization'
    const wrong: readonly (readonly [object, string, RegExp])[] = [
      [{ assignmentStrategy: 'variance' }, 'lease.assignmentStrategy', /lease-count, worker-util/],
      [{ workerUtilization: {} }, path, /or leave workerUtilization out/],
      [
        { assignmentStrategy: 'lease-count', workerUtilization: {} },
        path,
        /Set lease.assignmentStrategy to "worker-utilization"/,
      ],
      ...(
        [
          ['rebalanceThresholdPercentage', 101, /0 to 100/],
          ['dampeningPercentage', 0, /1 to 100/],
          ['allowThroughputOvershoot', 1, /true or false/],
          ['maxThroughputPerHostKBps', 0, /from 1/],
          ['varianceBalancingFrequency', 0, /from 1/],
          ['metricsEmaAlpha', 0, /above 0 and at most 1/],
          ['metricsEmaAlpha', 1.5, /above 0 and at most 1/],
          ['metricsEmaAlpha', Number.NaN, /above 0 and at most 1/],
          ['reBalanceThreshold', 5, /rebalanceThresholdPercentage/],
        ] as const
      ).map(
        ([name, value, hint]) =>
          [
            { ...BY_UTILIZATION, workerUtilization: { [name]: value } },
            `${path}.${name}`,
            hint,
          ] as const,
      ),
    ]
    for (const [lease, option, hint] of wrong) {
      it(JSON.stringify(lease), () => {
        assert.throws(
          () => resolved(lease),
          (cause) => {
            assert.ok(cause instanceof InvalidOptionError)
            assert.equal(cause.option, option)
            assert.match(cause.hint, hint)
            return true
          },
        )
      })
    }
  })
})
