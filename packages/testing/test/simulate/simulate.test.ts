import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import {
  type SimulatedWorld,
  type SimulateOptions,
  simulate,
  type Violation,
  VirtualTimeError,
} from '@millrace/testing'

const CALM = { latencyMs: { min: 1, max: 1 } }

function run(
  programme: (world: SimulatedWorld) => Promise<void>,
  options: Partial<SimulateOptions> = {},
): ReturnType<typeof simulate> {
  return simulate({ seed: 1, faults: CALM, programme, ...options })
}

function rules(violations: readonly Violation[]): string[] {
  return violations.map(({ rule }) => rule)
}

describe('simulate', () => {
  it('runs a programme to its end and counts', async () => {
    const result = await run(async (world) => {
      const worker = world.spawn('w1', async () => {
        await sleep(60_000)
        world.count('woken')
        world.count('bytes', 5)
      })
      assert.equal(worker.state, 'running')
      assert.equal(await worker.done, 'exited')
      assert.equal(worker.state, 'exited')
      assert.equal(world.nowMs(), 60_000)
    })
    assert.deepEqual(result.violations, [])
    assert.equal(result.virtualMs, 60_000)
    assert.deepEqual(result.counts, { bytes: 5, 'process.exit': 1, 'process.spawn': 1, woken: 1 })
  })

  it('tells a programme what has been counted so far', async () => {
    await run(async (world) => {
      assert.equal(world.counted('woken'), 0)
      world.count('woken', 2)
      world.count('woken')
      assert.equal(world.counted('woken'), 3)
    })
  })

  it('records the violations of the programme with their time', async () => {
    const { violations } = await run(async (world) => {
      await world.sleep(5)
      world.violation('S3', 'the checkpoint went back', { shardId: 'shard-0' })
    })
    assert.deepEqual(violations, [
      { rule: 'S3', message: 'the checkpoint went back', atMs: 5, fields: { shardId: 'shard-0' } },
    ])
  })

  it('turns a crash of a process into a violation, and the others live on', async () => {
    const seen: string[] = []
    const { violations } = await run(async (world) => {
      const rejects = world.spawn('rejects', async () => {
        await sleep(1)
        throw new Error('main rejects')
      })
      const throws = world.spawn('throws', async () => {
        setTimeout(() => {
          throw new Error('a timer throws')
        }, 2)
        await sleep(100)
        seen.push('a crashed process went on')
      })
      const unhandled = world.spawn('unhandled', async () => {
        setTimeout(() => void Promise.reject(new Error('nobody listens')), 3)
        await sleep(100)
        seen.push('a crashed process went on')
      })
      const healthy = world.spawn('healthy', async () => {
        await sleep(200)
        seen.push('healthy')
      })
      for (const { done } of [rejects, throws, unhandled, healthy])
        assert.equal(await done, 'exited')
      assert.match(String(unhandled.error), /nobody listens/)
      assert.equal(healthy.error, undefined)
    })
    assert.deepEqual(seen, ['healthy'])
    assert.deepEqual(
      violations.map(({ rule, message }) => `${rule} ${message}`),
      [
        'CRASH rejects: Error: main rejects',
        'CRASH throws: Error: a timer throws',
        'CRASH unhandled: Error: nobody listens',
      ],
    )
  })

  it('reports a programme that rejects, waits for ever, or takes too long', async () => {
    const rejected = await run(async () => {
      throw new Error('planned')
    })
    assert.deepEqual(rules(rejected.violations), ['CRASH'])
    const deadlocked = await run(() => new Promise(() => {}))
    assert.deepEqual(rules(deadlocked.violations), ['DEADLOCK'])
    const endless = await run((world) => world.sleep(10_000), { maxVirtualMs: 1000 })
    assert.deepEqual(rules(endless.violations), ['TIME_LIMIT'])
  })

  it('refuses to nest, and gives the globals back', async () => {
    const before = [Date, setTimeout, Math.random, process.listeners('unhandledRejection')]
    await assert.rejects(
      run(async () => {
        await run(async () => {})
      }),
      (error: unknown) => error instanceof VirtualTimeError && error.failure === 'nested',
    )
    const after = [Date, setTimeout, Math.random, process.listeners('unhandledRejection')]
    assert.deepEqual(after, before)
  })

  it('refuses faults that are no probabilities', async () => {
    const faults = {
      ...CALM,
      kinesis: { throttle: 0.7, operations: { getRecords: { failBefore: 0.4 } } },
    }
    await assert.rejects(
      run(async () => {}, { faults }),
      {
        code: 'ERR_KINESIS_INVALID_OPTION',
        option: 'faults.kinesis.operations.getRecords',
      },
    )
  })
})

describe('SimulatedWorld', () => {
  it('gives each site draws that no other site shifts', async () => {
    const draws: number[][] = []
    for (const noise of [0, 7]) {
      await run(async (world) => {
        for (let i = 0; i < noise; i++) world.random('other').next()
        const site = world.random('site')
        draws.push([site.next(), site.next(), world.random('site').next()])
      })
    }
    assert.deepEqual(draws[0], draws[1])
    assert.equal(new Set(draws[0]).size, 3)
  })

  it('waits until a condition holds, or not', async () => {
    await run(async (world) => {
      let ready = false
      setTimeout(() => {
        ready = true
      }, 450)
      assert.equal(await world.until(() => ready, { timeoutMs: 1000 }), true)
      assert.equal(world.nowMs(), 500)
      assert.equal(await world.until(() => false, { timeoutMs: 250 }), false)
      assert.equal(world.nowMs(), 750)
    })
  })
})
