/** Bombs of 1 to 10 MiB, measured from inside: see reliability 5.1, and `hostile-aggregates.ts`. */
import assert from 'node:assert/strict'
import { memoryUsage } from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { bytesCodec } from '@millrace/core'
import { deaggregate } from '@millrace/core/aggregation'
import { type KinesisRecord, nextTurn } from '@millrace/core/internal'
import { SeededRandom } from '@millrace/testing'
import type { ConsumerRecord } from '../../src/record.ts'
import type { OnMisplacedAggregate } from '../../src/record-processor.ts'
import { PageDeaggregator } from '../../src/retrieval/page-deaggregator.ts'
import { HALF } from '../shard-fixture.ts'
import { BOMBS, fuzzed } from './hostile-aggregates.ts'

const MIB = 1024 * 1024
const MAX_BATCH = 10_000
const MOST_GROWTH_BYTES = 64 * MIB
const LOWER = { start: 0n, end: HALF - 1n }

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** All that is alive, what lies outside of V8's heap included. */
async function livingBytes(): Promise<number> {
  collect()
  // What lies outside is let go of a turn later.
  await new Promise<void>(nextTurn)
  collect()
  const { heapUsed, external } = memoryUsage()
  return heapUsed + external
}

function deaggregator(
  policy: OnMisplacedAggregate,
  onMisplaced: (sequenceNumber: string, outOfRange: number) => void = () => {},
): PageDeaggregator<Uint8Array> {
  return new PageDeaggregator<Uint8Array>({
    ...{ codec: bytesCodec, after: undefined, hashKeyRange: LOWER },
    ...{ onMisplacedAggregate: policy, onMisplaced },
  })
}

function stored(Data: Uint8Array, SequenceNumber = '1'): KinesisRecord {
  return { Data, SequenceNumber, PartitionKey: 'a', ApproximateArrivalTimestamp: new Date(0) }
}

interface Explosion {
  readonly records: number
  readonly largestBatch: number
  readonly turns: number
  readonly grownBytes: number
}

/** As a shard's delivery goes through a page, a batch at a time, and a turn whenever one is wanted. */
async function explode(data: Buffer, policy: OnMisplacedAggregate): Promise<Explosion> {
  const from = deaggregator(policy)
  const before = await livingBytes()
  let [records, largestBatch, turns, grownBytes, looks] = [0, 0, 0, 0, 0]
  const turn = async (): Promise<void> => {
    turns++
    await new Promise<void>(nextTurn)
  }
  from.load([stored(data)])
  while (!from.isExhausted) {
    const batch: ConsumerRecord[] = []
    let obstacle = from.fill(batch, MAX_BATCH)
    while (from.wantsTurn || obstacle?.kind === 'misplaced') {
      if (obstacle !== undefined) from.judgeMisplaced(false)
      await turn()
      obstacle = from.fill(batch, MAX_BATCH)
    }
    if (obstacle !== undefined) from.deliverRaw()
    // Seldom, because it takes longer than the batch.
    await turn()
    if (looks++ % 32 === 0) grownBytes = Math.max(grownBytes, (await livingBytes()) - before)
    records += batch.length
    largestBatch = Math.max(largestBatch, batch.length)
  }
  grownBytes = Math.max(grownBytes, (await livingBytes()) - before)
  return { records, largestBatch, turns, grownBytes }
}

describe('bombs', () => {
  for (const [name, build] of Object.entries(BOMBS)) {
    it(`of 1 to 10 MiB go off in small turns and little memory: ${name}`, async () => {
      for (const [mib, policy] of [
        [1, 'drop'],
        [9.9, 'deliver'],
      ] as const) {
        const data = build(mib * MIB)
        const { largestBatch, turns, grownBytes } = await explode(data, policy)
        assert.ok(largestBatch <= MAX_BATCH)
        assert.ok(grownBytes <= MOST_GROWTH_BYTES, `grown by ${grownBytes / MIB} MiB`)
        // A turn for each quarter of a MiB of checksum at least.
        assert.ok(turns >= (data.length / MIB) * 4, `${turns} turns`)
      }
    })
  }

  it('of a million user records that all are dropped give turns meanwhile', async () => {
    const build = BOMBS['user records with keys of their own']
    const data = build?.(4 * MIB) ?? Buffer.alloc(0)
    const dropped: number[] = []
    const from = deaggregator('drop', (_, outOfRange) => void dropped.push(outOfRange))
    from.load([stored(data)])
    const nothing: ConsumerRecord[] = []
    let turns = 0
    do {
      if (from.fill(nothing, MAX_BATCH) !== undefined) from.judgeMisplaced(false)
      turns++
    } while (!from.isExhausted)
    assert.deepEqual(nothing, [])
    assert.ok((dropped[0] ?? 0) > 100_000, `${dropped}`)
    assert.ok(turns > 16, `${turns}`)
    assert.equal(from.position?.subSequenceNumber, Math.floor((4 * MIB) / 15) - 1)
  })
})

describe('fuzzed aggregates', () => {
  it('20,000 of them: each user record is delivered, filtered, dropped or told of, none without a key', () => {
    const random = new SeededRandom(20_261_126, 'fuzz')
    const pick = (below: number): number => Math.floor(random.next() * below)
    const policies = ['deliver', 'filter', 'drop'] as const
    const outcomes = { delivered: 0, filtered: 0, dropped: 0, malformed: 0 }
    for (let run = 0; run < 20_000; run++) {
      const data = fuzzed(pick)
      const policy = policies[run % 3] ?? 'deliver'
      let misplaced = 0
      const from = deaggregator(policy, (_, outOfRange) => {
        misplaced += outOfRange
      })
      const expected = deaggregate({ Data: data, PartitionKey: 'a' }, { hashKeyRange: LOWER })
      const outside = [...expected].filter((one) => one.misplaced).length
      from.load([stored(data, `${run + 1}`)])
      const records: ConsumerRecord[] = []
      let obstacle = from.fill(records, MAX_BATCH)
      if (obstacle?.kind === 'misplaced') {
        assert.ok(outside > 0 && policy !== 'deliver')
        from.judgeMisplaced(false)
        obstacle = from.fill(records, MAX_BATCH)
      }
      assert.equal(from.wantsTurn, false)
      assert.equal(misplaced, outside, `run ${run}`)
      if (obstacle !== undefined) {
        assert.equal(obstacle.reason, expected.malformed, `run ${run}`)
        assert.equal(records.length, 0)
        assert.equal(obstacle.data, data)
        from.deliverRaw()
        from.fill(records, MAX_BATCH)
        assert.equal(records.length, 1)
        assert.equal(records[0]?.data, data)
        outcomes.malformed++
      } else {
        const [delivered, filtered, dropped] = account(policy, expected.count, outside)
        assert.equal(records.length, delivered, `run ${run}`)
        outcomes.delivered += delivered
        outcomes.filtered += filtered
        outcomes.dropped += dropped
      }
      for (const { partitionKey } of records) assert.equal(typeof partitionKey, 'string')
      assert.equal(from.isExhausted, true)
      assert.equal(from.position?.sequenceNumber, `${run + 1}`)
    }
    // A fuzzer that stops reaching an outcome proves nothing about it.
    for (const [outcome, times] of Object.entries(outcomes)) {
      assert.ok(times > 1000, `${outcome}: ${times}`)
    }
  })
})

/** Delivered, filtered, dropped: together all there are. */
function account(
  policy: OnMisplacedAggregate,
  count: number,
  outside: number,
): [number, number, number] {
  if (policy === 'filter') return [count - outside, outside, 0]
  if (policy === 'drop' && outside > 0) return [0, 0, count]
  return [count, 0, 0]
}
