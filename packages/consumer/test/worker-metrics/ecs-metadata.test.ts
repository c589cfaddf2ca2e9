import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ecsMetadata } from '../../src/worker-metrics/ecs-metadata.ts'

const URI = 'http://169.254.170.2/v4/0123456789abcdef-1111'
const SECOND_NS = 1e9

interface Container {
  readonly DockerId: string
  readonly Limits?: { readonly CPU?: number }
}

/** As the endpoint answers; the fields that nobody reads are left out. */
function answers(given: {
  readonly usedNs?: number
  readonly cpus?: number
  readonly taskCpu?: number
  readonly shares?: readonly [number, number]
}): readonly string[] {
  const { usedNs = SECOND_NS / 2, cpus = 2, taskCpu, shares } = given
  const [own, other] = shares ?? []
  const container: Container = { DockerId: 'a', Limits: own === undefined ? {} : { CPU: own } }
  const sidecar: Container = { DockerId: 'b', Limits: other === undefined ? {} : { CPU: other } }
  return [
    JSON.stringify({
      read: '2026-11-25T21:40:02.004Z',
      cpu_stats: {
        cpu_usage: { total_usage: 360_968_065 + usedNs, percpu_usage: [1, 2] },
        system_cpu_usage: 1_204_930_000_000 + cpus * SECOND_NS,
        online_cpus: cpus,
      },
      precpu_stats: {
        cpu_usage: { total_usage: 360_968_065 },
        system_cpu_usage: 1_204_930_000_000,
        online_cpus: cpus,
      },
    }),
    JSON.stringify({
      Cluster: 'default',
      ...(taskCpu === undefined ? {} : { Limits: { CPU: taskCpu, Memory: 512 } }),
      Containers: [container, sidecar],
    }),
    JSON.stringify(container),
  ]
}

function percentOf(texts: readonly (string | undefined)[]): number | undefined {
  const reading = ecsMetadata(URI)?.read(texts, 0)
  return reading?.kind === 'percent' ? Number(reading.percent.toFixed(6)) : undefined
}

describe('ecsMetadata', () => {
  it('asks the endpoint for the use, the task and the container', () => {
    assert.deepEqual(ecsMetadata(`${URI}/`)?.places, [`${URI}/stats`, `${URI}/task`, URI])
  })

  it('measures against the share of the task that the container has', () => {
    assert.equal(percentOf(answers({ taskCpu: 1, shares: [768, 256] })), 66.666667)
  })

  const limits: readonly (readonly [string, Parameters<typeof answers>[0], number])[] = [
    ['a task without limit: its machine', { shares: [512, 512] }, 50],
    ['containers without shares: the task', { taskCpu: 2 }, 25],
    ['a container without shares beside one with: the task', { taskCpu: 2, shares: [0, 256] }, 25],
    ['use above the limit: all of it', { taskCpu: 0.25 }, 100],
    ['no use: nothing of it', { usedNs: 0 }, 0],
  ]
  for (const [what, given, percent] of limits) {
    it(`takes for ${what}`, () => {
      assert.equal(percentOf(answers(given)), percent)
    })
  }

  it('knows nothing before the endpoint has two readings', () => {
    const [, task, container] = answers({})
    for (const stats of [undefined, '', 'null', '[]', '{"precpu_stats":{}}', '<html>']) {
      assert.equal(percentOf([stats, task, container]), undefined)
    }
  })

  it('knows nothing when the clock of the endpoint stood still or a counter began anew', () => {
    const [stats = '', task, container] = answers({})
    const still = stats.replace(String(1_204_930_000_000 + 2 * SECOND_NS), '1204930000000')
    assert.notEqual(still, stats)
    assert.equal(percentOf([still, task, container]), undefined)
    const anew = stats.replace(String(360_968_065 + SECOND_NS / 2), '5')
    assert.notEqual(anew, stats)
    assert.equal(percentOf([anew, task, container]), undefined)
  })

  it('asks nobody beyond this machine', () => {
    for (const uri of [
      'http://169.254.169.254/latest',
      'http://example.com/v4/1',
      'https://169.254.170.2/v4/1',
      'http://169.254.170.2.example.com/',
      'http://169.254.170.2@example.com/',
      'file:///etc/passwd',
      'v4',
      '',
    ]) {
      assert.equal(ecsMetadata(uri), undefined, uri)
    }
  })

  it('never throws on any answer, and says 0 to 100 or nothing', () => {
    const stats = fc.record(
      {
        cpu_usage: fc.oneof(fc.anything(), fc.record({ total_usage: fc.double() })),
        system_cpu_usage: fc.oneof(fc.double(), fc.anything()),
        online_cpus: fc.oneof(fc.double(), fc.nat()),
      },
      { requiredKeys: [] },
    )
    const container = fc.record({ Limits: fc.record({ CPU: fc.double() }) })
    const value = fc.oneof(
      fc.anything(),
      fc.record({ cpu_stats: stats, precpu_stats: stats }),
      container,
      fc.record({ Limits: fc.record({ CPU: fc.double() }), Containers: fc.array(container) }),
    )
    const text = fc.oneof(fc.constant(undefined), fc.string(), value.map(jsonOf))
    fc.assert(
      fc.property(fc.tuple(text, text, text), (texts) => {
        const percent = percentOf(texts)
        assert.ok(percent === undefined || (percent >= 0 && percent <= 100), String(percent))
      }),
      { numRuns: 3000 },
    )
  })
})

/** Undefined for what JSON cannot say. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
