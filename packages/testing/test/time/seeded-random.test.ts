import assert from 'node:assert/strict'
import { SeededRandom } from '../../src/time/seeded-random.ts'

describe('SeededRandom', () => {
  const draws = (random: SeededRandom, count: number) =>
    Array.from({ length: count }, () => random.next())

  it('repeats itself for equal seed and site, and for nothing else', () => {
    assert.deepEqual(draws(new SeededRandom(7, 'a'), 20), draws(new SeededRandom(7, 'a'), 20))
    assert.notDeepEqual(draws(new SeededRandom(7, 'a'), 20), draws(new SeededRandom(7, 'b'), 20))
    assert.notDeepEqual(draws(new SeededRandom(7, 'a'), 20), draws(new SeededRandom(8, 'a'), 20))
  })

  it('spreads evenly over [0, 1)', () => {
    const buckets = new Array<number>(10).fill(0)
    for (const value of draws(new SeededRandom(1, 'spread'), 10_000)) {
      const bucket = Math.floor(value * 10)
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }
    for (const count of buckets) assert.ok(count > 850 && count < 1150, buckets.join(' '))
  })
})
