import assert from 'node:assert/strict'
import { sleep, systemRandom } from '@millrace/core/internal'
import { type SimulatedWorld, simulate } from '@millrace/testing'

async function run(programme: (world: SimulatedWorld) => Promise<void>, seed = 1): Promise<void> {
  const faults = { latencyMs: { min: 10, max: 10 } }
  const { violations } = await simulate({ seed, faults, programme })
  assert.deepEqual(violations, [])
}

describe('a simulated process', () => {
  it('runs nothing more once killed: timers, immediates, replies', async () => {
    const seen: string[] = []
    await run(async (world) => {
      await world.kinesis.createStream({ StreamName: 'orders', ShardCount: 1 })
      const worker = world.spawn('w1', async ({ kinesis }) => {
        setInterval(() => seen.push('interval'), 40)
        const again = (): void => {
          setTimeout(() => setImmediate(again), 30)
          seen.push('immediate')
        }
        again()
        const Records = [{ PartitionKey: 'a', Data: new Uint8Array(1) }]
        await sleep(45)
        void kinesis.putRecords({ StreamName: 'orders', Records }).then(() => seen.push('reply'))
        await sleep(10_000)
        seen.push('slept')
      })
      await world.sleep(50)
      worker.kill()
      assert.equal(worker.state, 'killed')
      assert.equal(await worker.done, 'killed')
      worker.kill()
      worker.pause(10)
      assert.equal(worker.state, 'killed')
      await world.sleep(20_000)
      // The request had left before the kill: it arrives.
      assert.equal(world.kinesis.records('orders').length, 1)
    })
    assert.deepEqual(seen, ['immediate', 'immediate', 'interval'])
  })

  it('cannot start anything after its kill, even in the middle of a chain of promises', async () => {
    const seen: string[] = []
    await run(async (world) => {
      await world.kinesis.createStream({ StreamName: 'orders', ShardCount: 1 })
      const worker = world.spawn('w1', async ({ kinesis }) => {
        await sleep(5)
        setImmediate(() => seen.push('immediate from before'))
        worker.kill()
        setTimeout(() => seen.push('timer'), 1)
        setImmediate(() => seen.push('immediate'))
        const Records = [{ PartitionKey: 'a', Data: new Uint8Array(1) }]
        await kinesis.putRecords({ StreamName: 'orders', Records })
        seen.push('reply')
      })
      await worker.done
      await world.sleep(10_000)
      assert.deepEqual(world.kinesis.records('orders'), [])
    })
    assert.deepEqual(seen, [])
  })

  it('holds what falls due during a pause, and sees that its clocks have jumped', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const seen: string[] = []
      await run(async (world) => {
        const worker = world.spawn('w1', async () => {
          for (const ms of [30, 20, 40, 5000]) {
            setTimeout(() => seen.push(`${ms} at ${performance.now()}`), ms)
          }
          await sleep(6000)
        })
        await world.sleep(10)
        worker.pause(1000)
        worker.pause(10)
        assert.equal(worker.state, 'paused')
        await world.sleep(999)
        assert.deepEqual(seen, [])
        await worker.done
      }, seed)
      // In order of their due time, as Node runs overdue timers.
      assert.deepEqual(seen, ['20 at 1010', '30 at 1010', '40 at 1010', '5000 at 5000'])
    }
  })

  it('holds replies during a pause, and meets them in any order afterwards', async () => {
    const orders = new Set<string>()
    for (let seed = 1; seed <= 12; seed++) {
      const seen: string[] = []
      await run(async (world) => {
        const worker = world.spawn('w1', async ({ kinesis }) => {
          setTimeout(() => seen.push('timer'), 30)
          await kinesis.listShards({ StreamName: 'none' }).catch(() => seen.push('reply'))
          await sleep(100)
        })
        await world.sleep(5)
        worker.pause(1000)
        await world.sleep(500)
        assert.deepEqual(seen, [])
        await worker.done
      }, seed)
      orders.add(seen.join(' '))
    }
    assert.deepEqual([...orders].sort(), ['reply timer', 'timer reply'])
  })

  it('takes its time over one callback when blocked, whose effect comes first of all', async () => {
    const orders = new Set<string>()
    for (let seed = 1; seed <= 16; seed++) {
      const seen: string[] = []
      await run(async (world) => {
        const worker = world.spawn('w1', async ({ kinesis }) => {
          for (const ms of [300, 200, 100]) {
            setTimeout(() => seen.push(`${ms} at ${performance.now()}`), ms)
          }
          setTimeout(() => setImmediate(() => seen.push('immediate')), 120)
          await sleep(90)
          await kinesis.listShards({ StreamName: 'none' }).catch(() => seen.push('reply'))
          await sleep(2000)
        })
        await world.sleep(95)
        worker.block(1000)
        assert.equal(worker.state, 'running')
        await world.sleep(100)
        assert.equal(worker.state, 'paused')
        await worker.done
      }, seed)
      // The callback that fell due first is the one that took so long.
      assert.equal(seen.shift(), '100 at 1100')
      const timers = seen.filter((what) => / at /.test(what))
      assert.deepEqual(timers, ['200 at 1100', '300 at 1100'])
      orders.add(seen.join(' '))
    }
    assert.ok(orders.size > 1, [...orders].join('; '))
  })

  it('blocks in the middle of a callback for huge work, and goes on with it before all else', async () => {
    const orders = new Set<string>()
    for (let seed = 1; seed <= 16; seed++) {
      const seen: string[] = []
      await run(async (world) => {
        const worker = world.spawn('w1', async ({ busy, kinesis }) => {
          setTimeout(() => seen.push('timer'), 30)
          const reply = kinesis.listShards({ StreamName: 'none' }).catch(() => seen.push('reply'))
          await sleep(10)
          await busy(5000)
          seen.push(`worked until ${performance.now()}`)
          await reply
          await sleep(100)
        })
        await world.sleep(4000)
        assert.deepEqual(seen, [])
        await worker.done
      }, seed)
      assert.equal(seen.shift(), 'worked until 5010')
      orders.add(seen.join(' '))
    }
    assert.deepEqual([...orders].sort(), ['reply timer', 'timer reply'])
  })

  it('never does two huge works of one process at once, and none after a kill', async () => {
    const seen: string[] = []
    await run(async (world) => {
      const both = world.spawn('w1', async ({ busy }) => {
        const noted = async (name: string, ms: number): Promise<void> => {
          await busy(ms)
          seen.push(`${name} at ${performance.now()}`)
        }
        await Promise.all([noted('a', 1000), noted('b', 500)])
      })
      await both.done
      const killed = world.spawn('w2', async ({ busy }) => {
        await busy(1000)
        seen.push('a dead process')
      })
      await world.sleep(500)
      killed.kill()
      await world.sleep(1000)
    })
    assert.deepEqual(seen, ['a at 1500', 'b at 1500'])
  })

  it('can be born again under its name, with other randomness', async () => {
    await run(async (world) => {
      const ids: string[] = []
      const main = async (): Promise<void> => {
        ids.push(systemRandom.uuid())
        await sleep(10)
      }
      const first = world.spawn('w1', main)
      assert.throws(() => world.spawn('w1', main), { code: 'ERR_KINESIS_INVALID_OPTION' })
      await first.done
      await world.spawn('w1', main).done
      assert.equal(new Set(ids).size, 2)
    })
  })

  it('says what it left behind', async () => {
    await run(async (world) => {
      const tidy = world.spawn('tidy', async () => clearTimeout(setTimeout(() => {}, 10)))
      const untidy = world.spawn('untidy', async () => {
        setInterval(() => {}, 10)
      })
      await tidy.done
      await untidy.done
      assert.deepEqual([tidy.leftBehind, untidy.leftBehind], [0, 1])
    })
  })

  it('says what waits in it now', async () => {
    await run(async (world) => {
      const worker = world.spawn('w1', async () => {
        const timer = setInterval(() => {}, 10)
        await sleep(100)
        clearInterval(timer)
        await sleep(100)
      })
      await world.sleep(50)
      assert.equal(worker.waiting, 2)
      await world.sleep(100)
      assert.equal(worker.waiting, 1)
      await worker.done
      assert.equal(worker.waiting, 0)
    })
  })

  it('leaves no answer behind that came too late for its caller', async () => {
    await run(async (world) => {
      const worker = world.spawn('w1', async ({ kinesis }) => {
        const input = { StreamName: 'orders', Records: [] }
        await assert.rejects(kinesis.putRecords(input, { timeoutMs: 15 }), {
          awsName: 'TimeoutError',
        })
      })
      await worker.done
      assert.equal(worker.leftBehind, 0)
    })
  })

  it('has clocks that may be off and run at another rate', async () => {
    await run(async (world) => {
      const start = Date.now()
      const options = { clockOffsetMs: 3_600_000, clockRate: 1.01 }
      const main = async (): Promise<void> => {
        assert.equal(Date.now(), start + 3_600_000)
        await sleep(10_100)
        assert.equal(world.nowMs(), 10_000)
        assert.equal(Math.round(performance.now()), 10_100)
        await sleep(1010)
        assert.equal(Date.now(), start + 11_110)
      }
      const worker = world.spawn('fast', main, options)
      await world.sleep(10_500)
      worker.stepClock(-3_600_000)
      assert.equal(Date.now(), start + 10_500)
      await worker.done
    })
  })
})
