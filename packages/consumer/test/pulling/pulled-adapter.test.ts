import assert from 'node:assert/strict'
import { NotHandled } from '../../src/delivery/not-handled.ts'
import { type Offer, Offers } from '../../src/pulling/offers.ts'
import { PulledAdapter } from '../../src/pulling/pulled-adapter.ts'
import type { RecordBatch } from '../../src/record.ts'

const BATCH = { records: [{}, {}] } as unknown as RecordBatch<string>

function pulledFrom() {
  const running = new Promise<void>(() => undefined)
  const offers = new Offers<string>({ run: () => running, close: async () => undefined })
  const handler = { pulled: { offers, isPerRecord: true, maxOutstanding: undefined } }
  return { offers, adapter: new PulledAdapter<string>(handler, () => true) }
}

describe('PulledAdapter.takeBack', () => {
  it('gives back what nobody has taken, whatever is asked of what was taken before', async () => {
    const { offers, adapter } = pulledFrom()
    const first = adapter.handle(BATCH, 0, undefined)
    const taken = (await offers.take()) as Offer<string>
    taken.acknowledge()
    await first
    const second = adapter.handle(BATCH, 1, undefined)
    // As a chunk of readable() asks when it is acknowledged late.
    assert.equal(taken.mayTake(), true)
    adapter.takeBack()
    await assert.rejects(second as Promise<void>, NotHandled)
  })

  it('leaves what was taken with whoever took it', async () => {
    const { offers, adapter } = pulledFrom()
    const call = adapter.handle(BATCH, 0, undefined)
    const taken = (await offers.take()) as Offer<string>
    adapter.takeBack()
    assert.equal(taken.take(), true)
    taken.acknowledge()
    await call
  })
})
