import assert from 'node:assert/strict'
import type { Shard } from '@millrace/core'
import { FleetView } from '../../demo/fleet-view.ts'
import type { AckedEntry, DeliveredEntry, JournalEntry } from '../../demo/journal-entry.ts'

const place = (sequenceNumber: string) => ({
  shardId: 'a',
  sequenceNumber,
  subSequenceNumber: 0,
  partitionKey: 'k',
  digest: 'd',
})
const acked = (sequenceNumber: string, atMs: number): AckedEntry => ({
  kind: 'acked',
  index: 0,
  atMs,
  ...place(sequenceNumber),
})
const delivered = (sequenceNumber: string): DeliveredEntry => ({
  kind: 'delivered',
  atMs: 0,
  ...place(sequenceNumber),
})
const held: JournalEntry = { kind: 'held', atMs: 0, shardId: 'a' }

function viewOf(...entries: JournalEntry[]): FleetView {
  const view = new FleetView()
  view.addWorker(1)
  view.takeAcked(entries)
  view.takeWorker(1, entries)
  return view
}

describe('FleetView', () => {
  it('counts what is acked and delivered, in whatever order it hears of it', () => {
    const copies = [delivered('1'), delivered('1'), delivered('9')]
    const view = viewOf(acked('1', 0), acked('2', 0), ...copies)
    assert.deepEqual([view.acked, view.delivered, view.deliveries, view.undelivered], [2, 1, 3, 1])
    const early = new FleetView()
    early.addWorker(1)
    early.takeWorker(1, [delivered('1')])
    early.takeAcked([acked('1', 0)])
    assert.equal(early.undelivered, 0)
  })

  it('knows how long the oldest undelivered record has waited', () => {
    const view = viewOf(acked('1', 100), acked('2', 300), delivered('1'))
    assert.equal(view.lagMs(1000), 700)
    assert.equal(viewOf().lagMs(1000), 0)
  })

  it('takes shards away from a worker that is gone, and those that ended', () => {
    const view = viewOf(held)
    assert.ok(view.isHeld('a'))
    view.workerEnded(1)
    assert.ok(!view.isHeld('a'))
    const end = { shardId: 'a', sequenceNumber: 'SHARD_END', subSequenceNumber: 0 }
    assert.ok(!viewOf(held, { kind: 'checkpointed', atMs: 0, ...end }).isHeld('a'))
  })

  describe('isDrained', () => {
    const open: Shard = {
      shardId: 'a',
      parentShardIds: [],
      hashKeyRange: { start: 0n, end: 9n },
      startingSequenceNumber: '1',
      endingSequenceNumber: undefined,
    }
    const lag = (atMs: number, millisBehindLatest: number): JournalEntry => ({
      kind: 'lag',
      atMs,
      shardId: 'a',
      millisBehindLatest,
    })

    it('waits until each open shard was read to its tip after the last ack', () => {
      assert.ok(!viewOf(held, acked('1', 5), lag(4, 0)).isDrained([open]))
      assert.ok(!viewOf(held, acked('1', 5), lag(6, 10)).isDrained([open]))
      assert.ok(!viewOf(acked('1', 5), lag(6, 0)).isDrained([open]))
      assert.ok(viewOf(held, acked('1', 5), lag(6, 0)).isDrained([open]))
    })

    it('waits until each closed shard has stored its end', () => {
      const closed = { ...open, endingSequenceNumber: '9' }
      assert.ok(!viewOf(held, lag(6, 0)).isDrained([closed]))
      const end = { shardId: 'a', sequenceNumber: 'SHARD_END', subSequenceNumber: 0 }
      assert.ok(viewOf({ kind: 'checkpointed', atMs: 0, ...end }).isDrained([closed]))
    })
  })
})
