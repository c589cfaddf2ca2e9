import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as setTimeoutOfModule } from 'node:timers'
import { promisify } from 'node:util'
import { sleep, systemRandom } from '@millrace/core/internal'
import { runInVirtualTime, VIRTUAL_EPOCH_MS, VirtualTimeError } from '@millrace/testing'

function fails(failure: string): (error: unknown) => boolean {
  return (error) => error instanceof VirtualTimeError && error.failure === failure
}

describe('runInVirtualTime', () => {
  it('moves every clock by what was slept', async () => {
    const seen = await runInVirtualTime(async (time) => {
      const start = [Date.now(), inspectedNow(), performance.now()]
      await sleep(3_600_000)
      return {
        start,
        end: [Date.now(), inspectedNow(), performance.now()],
        now: time.nowMs(),
      }
    })
    assert.deepEqual(seen.start, [VIRTUAL_EPOCH_MS, VIRTUAL_EPOCH_MS, 0])
    const later = VIRTUAL_EPOCH_MS + 3_600_000
    assert.deepEqual(seen.end, [later, later, 3_600_000])
    assert.equal(seen.now, later)
  })

  it('waits until a condition holds, and says how long that took', () =>
    runInVirtualTime(async (time) => {
      assert.equal(await time.until('now', () => true), 0)
      let ready = false
      void sleep(1010).then(() => {
        ready = true
      })
      assert.equal(await time.until('ready', async () => ready), 1050)
      assert.equal(await time.until('soon', () => time.elapsedMs() >= 1055, { everyMs: 1 }), 5)
    }))

  it('fails when a condition does not come true in time, and says which', () =>
    runInVirtualTime(async (time) => {
      const never = time.until('pigs fly', () => false, { timeoutMs: 120 })
      await assert.rejects(never, (error) => {
        assert.ok(fails('not-met')(error))
        assert.equal((error as Error).message, 'Not within 120 virtual ms: pigs fly')
        return true
      })
      assert.equal(time.elapsedMs(), 120)
      const broken = time.until('it', () => Promise.reject(new Error('planned')))
      await assert.rejects(broken, /planned/)
    }))

  it('gives every global back, also after a failure', async () => {
    const before = snapshotOfGlobals()
    await runInVirtualTime(async () => {
      for (const [name, value] of Object.entries(snapshotOfGlobals())) {
        assert.notEqual(value, before[name], `${name} was not swapped`)
      }
    })
    assert.deepEqual(snapshotOfGlobals(), before)
    await assert.rejects(
      runInVirtualTime(async () => {
        throw new Error('planned')
      }),
      /planned/,
    )
    assert.deepEqual(snapshotOfGlobals(), before)
    assert.equal(Object.hasOwn(performance, 'now'), false)
  })

  it('rejects a deadlock instead of hanging', async () => {
    await assert.rejects(
      runInVirtualTime(() => new Promise(() => {})),
      fails('deadlock'),
    )
  })

  it('rejects past its limit of virtual time', async () => {
    const endless = runInVirtualTime(
      async () => {
        for (;;) await sleep(1000)
      },
      { maxVirtualMs: 60_000 },
    )
    await assert.rejects(endless, fails('time-limit'))
  })

  it('rejects when immediates keep time from moving', async () => {
    const spinning = runInVirtualTime(async () => {
      const again = (): void => {
        setImmediate(again)
      }
      again()
      await sleep(1)
    })
    await assert.rejects(spinning, fails('standstill'))
  })

  it('refuses to nest', async () => {
    await runInVirtualTime(async () => {
      await assert.rejects(
        runInVirtualTime(async () => {}),
        fails('nested'),
      )
    })
  })

  it('rejects with what a timer callback throws', async () => {
    const run = runInVirtualTime(async () => {
      setTimeout(() => {
        throw new Error('thrown in a timer')
      }, 5)
      await sleep(10)
    })
    await assert.rejects(run, /thrown in a timer/)
  })

  it('rejects with an unhandled rejection', async () => {
    const run = runInVirtualTime(async () => {
      setTimeout(() => void Promise.reject(new Error('nobody listens')), 5)
      await sleep(10)
    })
    await assert.rejects(run, /nobody listens/)
  })

  it('repeats randomness for a seed and changes it with the seed', async () => {
    const draw = (seed: number) =>
      runInVirtualTime(
        async () => [Math.random(), crypto.randomUUID(), systemRandom.uuid(), systemRandom.next()],
        { seed },
      )
    assert.deepEqual(await draw(1), await draw(1))
    const other = await draw(2)
    for (const [i, value] of (await draw(1)).entries()) assert.notEqual(value, other[i])
    assert.match(String(other[1]), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/)
  })

  it('shuffles timers of one instant by the seed, immediates and other instants never', async () => {
    const order = (seed: number) =>
      runInVirtualTime(
        async () => {
          const seen: string[] = []
          for (const name of ['a', 'b', 'c', 'd']) setTimeout(() => seen.push(name), 10)
          setTimeout(() => seen.push('late'), 11)
          for (const name of ['i', 'j', 'k']) setImmediate(() => seen.push(name))
          await sleep(20)
          return seen.join(' ')
        },
        { seed },
      )
    const orders = new Set<string>()
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const seen = await order(seed)
      assert.equal(seen, await order(seed))
      assert.match(seen, /^i j k [abcd] [abcd] [abcd] [abcd] late$/)
      orders.add(seen)
    }
    assert.ok(orders.size > 3, [...orders].join('; '))
  })

  it('drains all microtasks between two events', async () => {
    const seen = await runInVirtualTime(async () => {
      const lines: string[] = []
      const chain = async (): Promise<void> => {
        for (let i = 0; i < 5; i++) await Promise.resolve()
        lines.push('chain')
      }
      setTimeout(() => void chain(), 5)
      setTimeout(() => lines.push('next'), 6)
      await sleep(10)
      return lines
    })
    assert.deepEqual(seen, ['chain', 'next'])
  })

  it('takes many events through one turn of the real loop', async () => {
    const onRealTurn = setImmediate
    let realTurns = 0
    let isOver = false
    const count = (): void => {
      realTurns++
      if (!isOver) onRealTurn(count)
    }
    await runInVirtualTime(async () => {
      onRealTurn(count)
      for (let i = 0; i < 640; i++) await sleep(1)
      isOver = true
    })
    assert.ok(realTurns < 64, `${realTurns} turns`)
  })

  it('keeps the async context of whoever set the timer', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen = await runInVirtualTime(async () => {
      const lines: (string | undefined)[] = []
      storage.run('one', () => setTimeout(() => lines.push(storage.getStore()), 5))
      storage.run('two', () => setImmediate(() => lines.push(storage.getStore())))
      await sleep(10)
      return [...lines, storage.getStore()]
    })
    assert.deepEqual(seen, ['two', 'one', undefined])
  })

  it('waits for a short real wait, such as a dynamic import, before it says deadlock', async () => {
    const value = await runInVirtualTime(
      () => new Promise<string>((resolve) => setTimeoutOfModule(() => resolve('late'), 5)),
    )
    assert.equal(value, 'late')
  })
})

describe('virtual timers', () => {
  it('behave as Node timers: clear, refresh, ref, id, arguments, promisify', async () => {
    await runInVirtualTime(async () => {
      const seen: string[] = []
      const cleared = setTimeout(() => seen.push('cleared'), 5)
      clearTimeout(cleared)
      const byId = setTimeout(() => seen.push('cleared by id'), 5)
      clearTimeout(+byId)
      clearTimeout(undefined)
      const refreshed = setTimeout(() => seen.push(`refreshed ${performance.now()}`), 10)
      setTimeout(() => refreshed.refresh(), 6)
      setTimeout((a: string, b: string) => seen.push(a + b), 3, 'ar', 'gs')
      assert.equal(refreshed.hasRef(), true)
      assert.equal(refreshed.unref().hasRef(), false)
      assert.equal(refreshed.ref().hasRef(), true)
      clearImmediate(setImmediate(() => seen.push('cleared immediate')))
      await sleep(20)
      assert.deepEqual(seen, ['args', 'refreshed 16'])
      assert.equal(await promisify(setTimeout)(10, 'value'), 'value')
      assert.equal(performance.now(), 30)
      assert.throws(() => setTimeout('code' as never, 1), { code: 'ERR_INVALID_ARG_TYPE' })
    })
  })

  it('repeat until cleared, also from inside the callback', async () => {
    await runInVirtualTime(async (time) => {
      const seen: number[] = []
      const interval = setInterval(() => {
        seen.push(performance.now())
        if (seen.length === 3) clearInterval(interval)
      }, 10)
      await sleep(100)
      assert.deepEqual(seen, [10, 20, 30])
      assert.equal(time.waitingEvents(), 0)
    })
  })

  it('read a delay as Node does', async () => {
    await runInVirtualTime(async () => {
      const at = (delay: unknown) =>
        new Promise<number>((resolve) => {
          const start = performance.now()
          setTimeout(() => resolve(performance.now() - start), delay as number)
        })
      assert.equal(await at(0), 1)
      assert.equal(await at(-5), 1)
      assert.equal(await at(Number.NaN), 1)
      assert.equal(await at(2 ** 31), 1)
      assert.equal(await at('7'), 7)
      assert.equal(await at(7.9), 7)
    })
  })
})

describe('virtual Date', () => {
  it('is a Date in every respect but its now', async () => {
    await runInVirtualTime(async () => {
      assert.ok(new Date() instanceof Date)
      assert.equal(new Date(5).getTime(), 5)
      assert.equal(new Date(2020, 1, 2).getMonth(), 1)
      assert.equal(Date.UTC(2020, 0, 1), 1577836800000)
      assert.equal(Date(), new Date().toString())
      class Derived extends Date {}
      assert.ok(new Derived() instanceof Derived)
      assert.equal(new Derived().getTime(), VIRTUAL_EPOCH_MS)
    })
  })
})

function snapshotOfGlobals(): Record<string, unknown> {
  return {
    Date,
    setTimeout,
    setInterval,
    setImmediate,
    clearTimeout,
    clearInterval,
    clearImmediate,
    performanceNow: performance.now,
    mathRandom: Math.random,
    randomUUID: crypto.randomUUID,
  }
}

function inspectedNow(): number {
  const date = new Date()
  return date.getTime()
}
