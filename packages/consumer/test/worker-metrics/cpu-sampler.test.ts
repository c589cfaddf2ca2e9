import assert from 'node:assert/strict'
import type { Logger } from '@millrace/core'
import { silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import type { CpuMode } from '../../src/worker-metrics/choose-source.ts'
import { CpuSampler } from '../../src/worker-metrics/cpu-sampler.ts'
import { FakeMachine, POD_FILES, POD_TOKEN, podFiles } from './fake-machine.ts'

interface Sampling {
  readonly machine: FakeMachine
  readonly sampler: CpuSampler
  readonly warnings: unknown[]
}

function sampling(
  machine: FakeMachine,
  body: (sampling: Sampling) => Promise<void>,
  mode: CpuMode = 'auto',
): Promise<void> {
  return runInVirtualTime(async () => {
    const warnings: unknown[] = []
    const logger: Logger = { ...silentLogger, warn: (fields) => void warnings.push(fields) }
    const sampler = new CpuSampler({ machine, mode, logger })
    sampler.start()
    await body({ machine, sampler, warnings })
    sampler.stop()
  })
}

/** A pod that uses this part of its one CPU, from now on. */
async function use(machine: FakeMachine, percent: number, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    machine.usedMs += percent * 10
    Object.assign(machine.files, podFiles(machine.usedMs))
    await sleep(1000)
  }
}

describe('CpuSampler', () => {
  it('averages the readings of a period', () =>
    sampling(new FakeMachine({ ...POD_FILES }), async ({ machine, sampler }) => {
      await sleep(500)
      assert.deepEqual(sampler.averages(), [])
      await use(machine, 20, 5)
      await use(machine, 60, 5)
      assert.deepEqual(sampler.averages(), [40])
      await use(machine, 10, 30)
      assert.deepEqual(sampler.averages(), [40, 10])
    }))

  it('says -1 while nothing can be read, then nothing, and warns once', () =>
    sampling(new FakeMachine({ ...POD_FILES }), async ({ machine, sampler, warnings }) => {
      await sleep(500)
      await use(machine, 20, 2)
      assert.deepEqual(sampler.averages(), [20])
      for (const path of Object.keys(machine.files)) delete machine.files[path]
      const reports: (readonly number[])[] = []
      for (let period = 0; period < 5; period++) {
        await sleep(30_000)
        reports.push(sampler.averages())
      }
      assert.deepEqual(reports, [[20, -1], [20, -1, -1], [], [], []])
      assert.equal(warnings.length, 1)
    }))

  it('gives up after a minute in which no source said anything, and warns once', () =>
    sampling(new FakeMachine({ [POD_TOKEN]: '' }), async ({ machine, sampler, warnings }) => {
      await sleep(200_000)
      assert.equal(warnings.length, 1)
      assert.deepEqual(sampler.averages(), [])
      const { reads } = machine
      await sleep(200_000)
      assert.equal(machine.reads, reads)
    }))

  it('reads and asks nothing where no source fits, once it knows that', () =>
    sampling(new FakeMachine({ '/proc/stat': 'cpu 1 1 1 1 1\n' }), async ({ machine, sampler }) => {
      const { reads } = machine
      await sleep(60_000)
      assert.equal(machine.reads, reads)
      assert.ok(!machine.asked.includes('/proc/stat'))
      assert.deepEqual(machine.requests, [])
      assert.deepEqual(sampler.averages(), [])
    }))

  it("takes for 'cpu' what any Linux has, the limits of a container before the machine", async () => {
    const files = { ...podFiles(0), '/proc/stat': 'cpu 0 0 0 0 0\n' }
    await sampling(
      new FakeMachine(files),
      async ({ machine, sampler }) => {
        await use(machine, 30, 3)
        await sleep(100)
        assert.deepEqual(sampler.averages(), [30])
      },
      'cpu',
    )
    await sampling(
      new FakeMachine({ '/proc/stat': 'cpu 0 0 0 0 0\n' }),
      async ({ machine, sampler }) => {
        await sleep(500)
        for (let second = 1; second <= 3; second++) {
          machine.files['/proc/stat'] = `cpu ${second * 15} 0 0 ${second * 85} 0\n`
          await sleep(1000)
        }
        assert.deepEqual(sampler.averages(), [15])
      },
      'cpu',
    )
  })

  it('reads /proc/stat on EC2 and calls no metadata service', () => {
    const files = { '/sys/devices/virtual/dmi/id/sys_vendor': 'Amazon EC2\n' }
    return sampling(new FakeMachine(files), async ({ machine, sampler }) => {
      for (let second = 1; second <= 5; second++) {
        machine.files['/proc/stat'] = `cpu ${second * 75} 0 0 ${second * 25} 0\n`
        await sleep(1000)
      }
      assert.deepEqual(sampler.averages(), [75])
      assert.deepEqual(machine.requests, [])
    })
  })

  it('asks the task metadata on ECS, and cuts a request under way when it stops', () => {
    const machine = new FakeMachine(
      {},
      { ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/1' },
    )
    machine.answer = JSON.stringify({
      cpu_stats: { cpu_usage: { total_usage: 11 }, system_cpu_usage: 40, online_cpus: 2 },
      precpu_stats: { cpu_usage: { total_usage: 1 }, system_cpu_usage: 20 },
    })
    return sampling(machine, async ({ sampler }) => {
      await sleep(2500)
      assert.deepEqual(sampler.averages(), [50])
      assert.deepEqual(
        [...new Set(machine.requests)],
        [
          'http://169.254.170.2/v4/1/stats',
          'http://169.254.170.2/v4/1/task',
          'http://169.254.170.2/v4/1',
        ],
      )
      machine.answer = undefined
      await sleep(1000)
      sampler.stop()
      assert.equal(machine.cut, 3)
      const { length } = machine.requests
      await sleep(10_000)
      assert.equal(machine.requests.length, length)
    })
  })

  it('starts once and not again after its end', () =>
    sampling(new FakeMachine({ ...POD_FILES }), async ({ machine, sampler }) => {
      sampler.start()
      await sleep(10_500)
      const { reads } = machine
      assert.ok(reads < 11 * 8 + 10, String(reads))
      sampler.stop()
      sampler.start()
      await sleep(10_000)
      assert.equal(machine.reads, reads)
    }))
})
