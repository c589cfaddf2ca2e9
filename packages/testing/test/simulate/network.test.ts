import assert from 'node:assert/strict'
import { type KinesisPort, ServiceError, type ServiceErrorKind } from '@millrace/core'
import { type FaultRates, type LostWay, type SimulatedWorld, simulate } from '@millrace/testing'

interface Seen {
  readonly outcome: ServiceErrorKind | 'ok'
  readonly stored: number
  readonly tookMs: number
}

const Records = [{ PartitionKey: 'a', Data: new Uint8Array(3) }]

function put(kinesis: KinesisPort, options?: Parameters<KinesisPort['putRecords']>[1]) {
  return kinesis.putRecords({ StreamName: 'orders', Records }, options)
}

/** One PutRecords call through a network with the faults given. */
async function putOnce(
  rates: FaultRates,
  call: (kinesis: KinesisPort) => Promise<unknown> = put,
  seed = 1,
): Promise<Seen> {
  let seen: Seen | undefined
  const result = await simulate({
    seed,
    callTimeoutMs: 2000,
    faults: { latencyMs: { min: 10, max: 10 }, kinesis: { operations: { putRecords: rates } } },
    async programme(world) {
      await world.kinesis.createStream({ StreamName: 'orders', ShardCount: 1 })
      const main = async ({ kinesis }: { kinesis: KinesisPort }): Promise<void> => {
        const outcome = await call(kinesis).then(() => 'ok' as const, kindOf)
        seen = { outcome, stored: world.kinesis.records('orders').length, tookMs: world.nowMs() }
      }
      await world.spawn('w1', main).done
      await world.sleep(1000)
      if (seen !== undefined) seen = { ...seen, stored: world.kinesis.records('orders').length }
    },
  })
  assert.deepEqual(result.violations, [])
  assert.ok(seen !== undefined)
  return seen
}

function kindOf(cause: unknown): ServiceErrorKind {
  assert.ok(cause instanceof ServiceError, String(cause))
  assert.equal(cause.operation, 'PutRecords')
  return cause.kind
}

describe('the simulated network', () => {
  it('takes its time in both directions', async () => {
    assert.deepEqual(await putOnce({}), { outcome: 'ok', stored: 1, tookMs: 20 })
  })

  it('shows each fault as the service would', async () => {
    assert.deepEqual(await putOnce({ throttle: 1 }), {
      outcome: 'throttled',
      stored: 0,
      tookMs: 20,
    })
    assert.deepEqual(await putOnce({ failBefore: 1 }), {
      outcome: 'transient',
      stored: 0,
      tookMs: 20,
    })
    assert.deepEqual(await putOnce({ failAfter: 1 }), {
      outcome: 'transient',
      stored: 1,
      tookMs: 20,
    })
  })

  it('shows keys, credentials, names and replies that do not work', async () => {
    const seen = async (rates: FaultRates): Promise<Seen> => await putOnce(rates)
    assert.deepEqual(await seen({ expireCredentials: 1 }), {
      outcome: 'expired-credentials',
      stored: 0,
      tookMs: 20,
    })
    // Nothing leaves the process: it fails in half the time.
    assert.deepEqual(await seen({ failLookup: 1 }), { outcome: 'network', stored: 0, tookMs: 10 })
    assert.deepEqual(await seen({ garbleReply: 1 }), {
      outcome: 'transient',
      stored: 1,
      tookMs: 20,
    })
    const ofKeys = new Set<string>()
    for (let seed = 1; seed <= 8; seed++) {
      const { outcome, stored } = await putOnce({ refuseKey: 1 }, put, seed)
      assert.equal(stored, 0)
      ofKeys.add(outcome)
    }
    assert.deepEqual([...ofKeys].sort(), ['kms', 'throttled'])
  })

  it('loses requests before the model and replies after it: silence, or a reset', async () => {
    const waits = new Set<number>()
    for (let seed = 1; seed <= 12; seed++) {
      const request = await putOnce({ loseRequest: 1 }, put, seed)
      assert.deepEqual([request.outcome, request.stored], ['network', 0])
      const reply = await putOnce({ loseReply: 1 }, put, seed)
      assert.deepEqual([reply.outcome, reply.stored], ['network', 1])
      waits.add(request.tookMs).add(reply.tookMs)
    }
    assert.deepEqual([...waits].sort(), [20, 2000])
  })

  it('ends a call at its deadline while the service still applies it', async () => {
    const seen = await putOnce({}, (kinesis) => put(kinesis, { timeoutMs: 5 }))
    assert.deepEqual(seen, { outcome: 'network', stored: 1, tookMs: 5 })
  })

  it('ends a call when its signal fires while the service still applies it', async () => {
    const seen = await putOnce({}, (kinesis) => {
      const controller = new AbortController()
      setTimeout(() => controller.abort(), 5)
      return put(kinesis, { signal: controller.signal })
    })
    assert.deepEqual(seen, { outcome: 'aborted', stored: 1, tookMs: 5 })
  })

  it('sends nothing when the signal has fired already', async () => {
    const seen = await putOnce({}, (kinesis) => put(kinesis, { signal: AbortSignal.abort() }))
    assert.deepEqual(seen, { outcome: 'aborted', stored: 0, tookMs: 0 })
  })

  it('expires iterators of GetRecords only', async () => {
    await inWorld({ expireIterator: 1 }, async (world, kinesis) => {
      await put(kinesis)
      const [shard] = world.kinesis.shards('orders')
      const { ShardIterator } = await kinesis.getShardIterator({
        StreamName: 'orders',
        ShardId: shard?.ShardId ?? '',
        ShardIteratorType: 'TRIM_HORIZON',
      })
      await assert.rejects(kinesis.getRecords({ ShardIterator }), { kind: 'expired-iterator' })
      world.heal()
      assert.equal((await kinesis.getRecords({ ShardIterator })).Records.length, 1)
    })
  })

  it('cuts one process off from one service for a while', async () => {
    await inWorld({}, async (world, kinesis, disconnect) => {
      disconnect(5000)
      await assert.rejects(put(kinesis), { kind: 'network' })
      assert.equal(world.kinesis.records('orders').length, 0)
      await world.sleep(5000)
      await put(kinesis)
    })
  })

  it('loses the replies alone when cut off that way', async () => {
    await inWorld({}, async (world, kinesis, disconnect) => {
      disconnect(5000, 'replies')
      await assert.rejects(put(kinesis), { kind: 'network' })
      assert.equal(world.kinesis.records('orders').length, 1)
      await world.sleep(5000)
      await put(kinesis)
      assert.equal(world.kinesis.records('orders').length, 2)
    })
  })

  it('takes many times as long in a brown-out', async () => {
    await inWorld({}, async (world, kinesis) => {
      const faults = { latencyMs: { min: 10, max: 10 }, kinesis: { latencyFactor: 50 } }
      world.setFaults(faults)
      const fromMs = world.nowMs()
      await put(kinesis)
      assert.equal(world.nowMs() - fromMs, 1000)
      world.heal()
      await put(kinesis)
      assert.equal(world.nowMs() - fromMs, 1020)
    })
  })

  it('counts requests that overtake each other, and ways that take long', async () => {
    const { counts } = await simulate({
      seed: 1,
      faults: { latencyMs: { min: 1, max: 50 }, tail: { probability: 0.2, maxMs: 900 } },
      async programme(world) {
        await world.kinesis.createStream({ StreamName: 'orders', ShardCount: 1 })
        const main = async ({ kinesis }: { kinesis: KinesisPort }): Promise<void> => {
          for (let i = 0; i < 5; i++) await put(kinesis)
          world.note('one after another')
          assert.equal(world.kinesis.records('orders').length, 5)
          await Promise.all(Array.from({ length: 20 }, () => put(kinesis)))
        }
        await world.spawn('w1', main).done
      },
    })
    assert.ok((counts['fault.kinesis.reorder'] ?? 0) > 5)
    assert.ok((counts['fault.kinesis.delay'] ?? 0) > 2)
  })

  it('changes no later draw when a rate changes', async () => {
    const times: number[][] = []
    for (const throttle of [0, 1]) {
      const own: number[] = []
      await inWorld(
        { throttle },
        async (world, kinesis) => {
          for (let i = 0; i < 5; i++) {
            await put(kinesis).catch(() => undefined)
            own.push(world.nowMs())
          }
        },
        { min: 1, max: 1000 },
      )
      times.push(own)
    }
    assert.deepEqual(times[0], times[1])
  })
})

async function inWorld(
  kinesisFaults: FaultRates,
  main: (
    world: SimulatedWorld,
    kinesis: KinesisPort,
    disconnect: (forMs: number, lost?: LostWay) => void,
  ) => Promise<void>,
  latencyMs: { min: number; max: number } = { min: 1, max: 5 },
): Promise<void> {
  const result = await simulate({
    seed: 4,
    faults: { latencyMs, kinesis: kinesisFaults },
    async programme(world) {
      await world.kinesis.createStream({ StreamName: 'orders', ShardCount: 1 })
      const handle = world.spawn('w1', ({ kinesis }) =>
        main(world, kinesis, (forMs, lost) => handle.disconnect('kinesis', forMs, lost)),
      )
      await handle.done
    },
  })
  assert.deepEqual(result.violations, [])
}
