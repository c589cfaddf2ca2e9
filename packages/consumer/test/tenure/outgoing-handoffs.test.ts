import assert from 'node:assert/strict'
import { silentLogger, sleep } from '@millrace/core/internal'
import type { HandoffInfo, LeaseLossReason } from '../../src/events.ts'
import { OutgoingHandoffs } from '../../src/tenure/outgoing-handoffs.ts'
import { type HeldLeaseBench, holding, KEY } from './held-lease-fixture.ts'

const TIMEOUT_MS = 5000

/** A leader has asked for the lease, and this worker knows. */
async function asked(bench: HeldLeaseBench): Promise<{
  readonly handoffs: OutgoingHandoffs
  readonly ended: readonly HandoffInfo[]
}> {
  const ended: HandoffInfo[] = []
  const handoffs = new OutgoingHandoffs({
    timeoutMs: TIMEOUT_MS,
    logger: silentLogger,
    onEnded: (info) => ended.push(info),
  })
  await bench.held.begin()
  handoffs.asked(bench.held)
  return { handoffs, ended }
}

describe('OutgoingHandoffs', () => {
  for (const reason of ['expired', 'stolen'] as const satisfies readonly LeaseLossReason[]) {
    it(`tells at once that a handoff is lost with the lease: ${reason}`, () =>
      holding(async (bench) => {
        const { handoffs, ended } = await asked(bench)
        await sleep(700)
        handoffs.tenureEnded(KEY, reason)
        assert.deepEqual(ended, [
          { leaseKey: KEY, shardId: KEY, to: undefined, reason: 'lost', tookMs: 700 },
        ])
      }))
  }

  it('waits for the parting of a lease that is let go of in order', () =>
    holding(async (bench) => {
      const { handoffs, ended } = await asked(bench)
      handoffs.tenureEnded(KEY, 'released')
      assert.deepEqual(ended, [])
      handoffs.parted(KEY, { outcome: 'given', to: 'you' })
      handoffs.parted(KEY, { outcome: 'given', to: 'you' })
      assert.deepEqual(
        ended.map(({ reason, to }) => [reason, to]),
        [['completed', 'you']],
      )
    }))

  it('cuts nothing short once the tenure is over', () =>
    holding(async (bench) => {
      const { handoffs, ended } = await asked(bench)
      handoffs.tenureEnded(KEY, 'released')
      await sleep(2 * TIMEOUT_MS)
      assert.equal(bench.held.ended, undefined)
      handoffs.parted(KEY, { outcome: 'freed', to: undefined })
      assert.equal(ended[0]?.reason, 'freed')
    }))

  it('tells nothing of leases that nobody has asked for', () =>
    holding(async (bench) => {
      const { handoffs, ended } = await asked(bench)
      handoffs.tenureEnded('another', 'stolen')
      handoffs.parted('another', { outcome: 'given', to: 'you' })
      assert.deepEqual(ended, [])
    }))
})
