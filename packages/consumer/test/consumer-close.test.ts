/**
 * close() in every state of a consumer, over drawn timings (S21, R52, R53): it ends in its time,
 * nothing stays with a worker that is gone, and nothing of it runs on.
 */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { sleep } from '@millrace/core/internal'
import { inApplication } from './application.ts'
import { PULLING_STATES } from './closing/pulling-states.ts'
import { RUNNING_STATES } from './closing/running-states.ts'
import { type ClosingState, Scene } from './closing/scene.ts'
import { SlowPorts } from './closing/slow-ports.ts'
import { STARTING_STATES } from './closing/starting-states.ts'

/** Of each state. CI has little time: `MILLRACE_CLOSE_TIMES=100` takes some 20 s. */
const TIMES = Number(process.env['MILLRACE_CLOSE_TIMES'] ?? 20)
const LATENCY_MS = 15
/** Enough for what is under way, and for the writes that hand leases over. */
const TIMEOUTS_MS = [6000, 10_000, 30_000] as const
/** Too little for anything: leases run out by themselves. */
const SHORT_MS = 300
const IS_SHORT = 0.15
/** Timers of 0 ms take 1. */
const SLACK_MS = 5

/** Undefined where run() is not what begins the work. */
function begin(state: ClosingState, scene: Scene, signal: AbortSignal): Promise<void> | undefined {
  if (state.isNotRun === true || state.pull !== undefined) return undefined
  const handler = state.handler?.(scene) ?? { eachRecord: () => {} }
  return scene.worker.runWith(handler, { signal })
}

interface Begun {
  readonly scene: Scene
  readonly running: Promise<void> | undefined
  readonly pulling: Promise<void> | undefined
  readonly signal: AbortSignal
}

/** Brings the state about, and looks afterwards at what is left of the consumer. */
async function inState(
  state: ClosingState,
  seed: number,
  end: (begun: Begun) => Promise<void>,
): Promise<void> {
  await inApplication(
    async (app) => {
      const random = app.time.random('closing')
      const ports = new SlowPorts(() => random.next() * LATENCY_MS)
      const peer = state.beside === 'peer' ? app.worker('peer') : undefined
      const peerRuns = peer?.run()
      if (peer !== undefined) {
        await app.until('the peer at work', () => peer.heard('leaseAcquired').length > 0)
      }
      const worker = app.worker('closing', {
        client: ports.wrap(app.kinesis),
        dynamodb: ports.wrap(app.dynamo),
        ...state.options?.(() => scene),
      })
      const scene: Scene = new Scene({ app, worker, peer, ports, random })
      const { signal } = new AbortController()
      const pulling = state.pull?.(scene)
      pulling?.catch(() => undefined)
      const running = begin(state, scene, signal)
      await state.reach(scene)
      await end({ scene, running, pulling, signal })
      assert.equal(getEventListeners(signal, 'abort').length, 0)
      if (peer === undefined) {
        assert.equal(app.time.waitingEvents(), scene.handlerTimers, 'timers are left')
      }
      scene.release()
      await pulling?.catch(() => undefined)
      await peer?.consumer.close()
      await peerRuns
      const calls = ports.total
      await sleep(60_000)
      assert.equal(app.time.waitingEvents(), 0, 'timers are left later')
      assert.equal(ports.total, calls, 'it calls a service after its end')
      assert.equal((await worker.consumer.describe()).shards.length, 0)
    },
    {
      seed,
      shards: state.shards ?? 1,
      ...(state.dynamo === undefined ? {} : { dynamo: state.dynamo }),
    },
  )
}

async function closeIn(state: ClosingState, seed: number): Promise<void> {
  await inState(state, seed, async ({ scene, running, pulling }) => {
    const { app, random, worker } = scene
    const { consumer } = worker
    const isShort = random.next() < IS_SHORT
    const timeoutMs = isShort
      ? scene.upTo(SHORT_MS)
      : (TIMEOUTS_MS[scene.upTo(TIMEOUTS_MS.length - 1)] ?? 0)
    const askedMs = app.time.elapsedMs()
    await consumer.close({ timeoutMs })
    const tookMs = app.time.elapsedMs() - askedMs
    // A close that was under way has its own time.
    const limitMs = Math.max(timeoutMs, state.closingForMs ?? 0)
    assert.ok(tookMs <= limitMs + SLACK_MS, `close() took ${tookMs} of ${timeoutMs} ms`)
    if (state.fails === true) await assert.rejects(running ?? Promise.resolve())
    else await running
    assert.equal(consumer.state, state.fails === true ? 'failed' : 'stopped')
    if (!isShort && state.keepsLeases !== true) {
      const owners = [...app.leases().values()].map(
        ({ checkpointOwner, leaseOwner }) => (checkpointOwner ?? leaseOwner)?.S,
      )
      assert.ok(!owners.includes('closing'), `it keeps a lease: ${owners}`)
    }
    // An orderly end is no error to whoever pulls.
    void pulling?.catch((cause: unknown) => assert.fail(String(cause)))
  })
}

/** As a crash: the table hears nothing, and run() rejects, unless it had ended before. */
async function destroyIn(state: ClosingState, seed: number): Promise<void> {
  await inState(state, seed, async ({ scene, running }) => {
    const { app, worker } = scene
    const { consumer } = worker
    const wasOver = consumer.state === 'stopped' || consumer.state === 'failed'
    const askedMs = app.time.elapsedMs()
    consumer.destroy(new Error('destroyed by the test'))
    await consumer.close()
    assert.ok(app.time.elapsedMs() - askedMs <= SLACK_MS, 'destroy() takes its time')
    if (!wasOver) {
      assert.equal(consumer.state, 'failed')
      if (running !== undefined) await assert.rejects(running, /destroyed by the test/)
    }
  })
}

const STATES = { ...STARTING_STATES, ...RUNNING_STATES, ...PULLING_STATES }

async function each(
  times: number,
  state: ClosingState,
  run: (state: ClosingState, seed: number) => Promise<void>,
): Promise<void> {
  for (let seed = 1; seed <= times; seed++) {
    try {
      await run(state, seed)
    } catch (cause) {
      throw new Error(`seed ${seed}: ${String(cause)}`, { cause })
    }
  }
}

describe('Consumer.close', () => {
  for (const [name, state] of Object.entries(STATES)) {
    it(`in the state "${name}", ${TIMES} times`, () => each(TIMES, state, closeIn)).timeout(60_000)
  }
})

describe('Consumer.destroy', () => {
  for (const [name, state] of Object.entries(STATES)) {
    const times = Math.ceil(TIMES / 5)
    it(`in the state "${name}", ${times} times`, () => each(times, state, destroyIn))
  }
})
