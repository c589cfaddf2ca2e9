import assert from 'node:assert/strict'
import { counterMadeAgain, wasMadeAgain } from '../../src/shard-sync/counter-made-again.ts'

const NOW_MS = 1_700_000_000_000

describe('counterMadeAgain', () => {
  it('rises each time a row is made, and lies above what was known of it', () => {
    assert.ok(counterMadeAgain(NOW_MS + 1) > counterMadeAgain(NOW_MS))
    assert.ok(counterMadeAgain(NOW_MS, NOW_MS + 5000) > NOW_MS + 5000)
  })

  it('tells a row that was made again from one that is old', () => {
    assert.ok(wasMadeAgain(counterMadeAgain(0)), 'also by a clock that stands at 1970')
    const tenYearsOfWrites = 10 * 366 * 86_400
    assert.ok(!wasMadeAgain(tenYearsOfWrites))
  })
})
