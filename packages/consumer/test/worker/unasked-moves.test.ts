import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { inFleet, type StartOptions } from './fleet.ts'

/** Two rounds of moves, and what comes before the first. */
const EVEN_MS = 15_000

describe('Worker, where owners are not asked for their leases', () => {
  for (const seed of [1, 2]) {
    it(`moves them also from one that checkpoints after each record (seed ${seed})`, () =>
      inFleet({ shards: 4, seed }, async (fleet) => {
        const checkpoint = { everyRecords: 1 }
        const lease = { gracefulHandoff: { enabled: false } }
        const start: StartOptions = { options: { checkpoint, lease }, handle: () => sleep(10) }
        fleet.start('a', start)
        await fleet.until('all at a', () => fleet.isSpread(4, 'a'))
        let isOver = false
        const putting = (async () => {
          while (!isOver) {
            await Promise.all(Array.from({ length: 40 }, () => fleet.put(1)))
            await sleep(80)
          }
        })()
        await sleep(5000)
        fleet.start('b', start)
        await fleet.until('an even spread', () => fleet.isSpread(4, 'a', 'b'), EVEN_MS)
        isOver = true
        await putting
        await fleet.close('a', 'b')
        assert.ok(fleet.leasesLost.filter((lost) => lost.endsWith('stolen')).length >= 2)
      }))
  }
})
