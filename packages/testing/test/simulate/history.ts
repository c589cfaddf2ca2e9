/** A small fleet that leans on all that must be repeatable. Run as a program, it prints the hash. */
import { ControlPlane, resolveStreamRef, silentLogger, sleep } from '@millrace/core/internal'
import { type SimulatedFaults, type SimulationResult, simulate } from '@millrace/testing'

export const ROUGH_FAULTS: SimulatedFaults = {
  latencyMs: { min: 2, max: 40 },
  tail: { probability: 0.05, maxMs: 3000 },
  kinesis: {
    throttle: 0.05,
    failBefore: 0.05,
    failAfter: 0.05,
    loseRequest: 0.05,
    loseReply: 0.05,
    operations: { getRecords: { expireIterator: 0.05 } },
  },
}

/** `ControlPlane` brings p-retry and bottleneck. */
export function smallHistory(
  seed: number,
  trace?: (line: string) => void,
): Promise<SimulationResult> {
  return simulate({
    seed,
    faults: ROUGH_FAULTS,
    trace,
    async programme(world) {
      await world.kinesis.createStream({ StreamName: 'orders', ShardCount: 3 })
      const writers = ['w1', 'w2', 'w3'].map((name) =>
        world.spawn(name, async ({ kinesis, random }) => {
          const stream = resolveStreamRef('stream', 'orders')
          const control = new ControlPlane({ kinesis, stream, logger: silentLogger })
          const beats = setInterval(() => world.count('beats'), 250)
          for (let i = 0; i < 20; i++) {
            await control.listShards().catch(() => world.count('gave up'))
            const Records = [{ PartitionKey: random.uuid(), Data: Buffer.from(`${name} ${i}`) }]
            await kinesis.putRecords({ StreamName: 'orders', Records }).catch(() => undefined)
            await sleep(Math.random() * 300)
          }
          clearInterval(beats)
          world.note('written', { name, id: crypto.randomUUID(), at: new Date() })
        }),
      )
      await world.sleep(2000)
      writers[0]?.pause(1500)
      writers[1]?.kill()
      await Promise.all(writers.map(({ done }) => done))
      world.heal()
      world.note('stored', { records: world.kinesis.records('orders') })
    },
  })
}
