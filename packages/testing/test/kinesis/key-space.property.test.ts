import assert from 'node:assert/strict'
import { compareSequenceNumbers, MAX_HASH_KEY } from '@millrace/core'
import fc from 'fast-check'
import { type ClockedService, clockedService, HOUR_MS, STREAM } from './clocked-service.ts'

/** What a run does, each with numbers that pick shards, keys and sizes. */
type Step =
  | { readonly kind: 'put'; readonly count: number; readonly salt: number }
  | { readonly kind: 'split'; readonly pick: number; readonly at: number }
  | { readonly kind: 'merge'; readonly pick: number }
  | { readonly kind: 'pass'; readonly ms: number }

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('put'), count: fc.integer({ min: 1, max: 20 }), salt: fc.nat() }),
  fc.record({ kind: fc.constant('split'), pick: fraction, at: fraction }),
  fc.record({ kind: fc.constant('merge'), pick: fraction }),
  fc.record({ kind: fc.constant('pass'), ms: fc.integer({ min: 0, max: 60_000 }) }),
)
const programme = fc.record({
  shards: fc.integer({ min: 1, max: 5 }),
  steps: fc.array(step, { maxLength: 40 }),
})

interface OpenShard {
  readonly shardId: string
  readonly start: bigint
  readonly end: bigint
}

function openShards(service: ClockedService): OpenShard[] {
  return service
    .shards(STREAM)
    .filter((shard) => shard.SequenceNumberRange.EndingSequenceNumber === undefined)
    .map(({ ShardId, HashKeyRange: range }) => ({
      shardId: ShardId,
      start: BigInt(range.StartingHashKey),
      end: BigInt(range.EndingHashKey),
    }))
    .sort((a, b) => (a.start < b.start ? -1 : 1))
}

/** @returns sequence numbers of what was accepted, by shard, in order of putting */
async function run(
  service: ClockedService,
  steps: readonly Step[],
): Promise<Map<string, string[]>> {
  const accepted = new Map<string, string[]>()
  for (const [place, current] of steps.entries()) {
    const open = openShards(service)
    switch (current.kind) {
      case 'put': {
        const texts = Array.from(
          { length: current.count },
          (_, i) => `${place}.${i}.${current.salt}`,
        )
        for (const { ShardId = '', SequenceNumber = '' } of (await service.put(...texts)).Records) {
          accepted.set(ShardId, [...(accepted.get(ShardId) ?? []), SequenceNumber])
        }
        break
      }
      case 'split': {
        const shard = open[Math.floor(current.pick * open.length)] as OpenShard
        const width = Number(shard.end - shard.start - 2n)
        if (width < 2) break
        const key = shard.start + 2n + BigInt(Math.floor(current.at * 0.999 * width))
        if (key < shard.end) await service.split(shard.shardId, key.toString())
        break
      }
      case 'merge': {
        const at = Math.floor(current.pick * (open.length - 1))
        const [low, high] = open.slice(at, at + 2)
        if (low === undefined || high === undefined) break
        await service.mergeShards({
          StreamName: STREAM,
          ShardToMerge: low.shardId,
          AdjacentShardToMerge: high.shardId,
        })
        break
      }
      case 'pass':
        service.pass(current.ms)
        break
    }
  }
  return accepted
}

describe('SimulatedKinesis under random splits, merges and puts', () => {
  it('covers the key space once with its open shards', async () => {
    await fc.assert(
      fc.asyncProperty(programme, async ({ shards, steps }) => {
        const service = await clockedService({ limits: false }, shards)
        await run(service, steps)
        let next = 0n
        for (const { start, end } of openShards(service)) {
          assert.equal(start, next)
          next = end + 1n
        }
        assert.equal(next, MAX_HASH_KEY + 1n)
      }),
      { numRuns: 60 },
    )
  })

  it('raises sequence numbers within a shard, and from parents to children', async () => {
    await fc.assert(
      fc.asyncProperty(programme, async ({ shards, steps }) => {
        const service = await clockedService({ limits: false }, shards)
        const accepted = await run(service, steps)
        const ends = new Map<string, string>()
        for (const shard of service.shards(STREAM)) {
          const { StartingSequenceNumber: start, EndingSequenceNumber: end } =
            shard.SequenceNumberRange
          for (const parent of [shard.ParentShardId, shard.AdjacentParentShardId]) {
            if (parent !== undefined) assertRises([ends.get(parent) ?? '', start])
          }
          const numbers = [start, ...(accepted.get(shard.ShardId) ?? [])]
          assertRises(end === undefined ? numbers : [...numbers, end])
          if (end !== undefined) ends.set(shard.ShardId, end)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('gives every accepted record exactly once to a walk over the shards', async () => {
    await fc.assert(
      fc.asyncProperty(programme, fc.integer({ min: 1, max: 7 }), async (plan, limit) => {
        const service = await clockedService(
          { limits: false, retentionHours: 24, listShardsPageSize: 2 },
          plan.shards,
        )
        const accepted = await run(service, plan.steps)
        assert.ok(plan.steps.length * 60_000 < 24 * HOUR_MS)
        const read = await walk(service, limit)
        assert.deepEqual(Object.fromEntries(read), Object.fromEntries([...accepted].sort()))
      }),
      { numRuns: 60 },
    )
  })
})

/** From the shards at the trim horizon along `ChildShards`, each shard when its parents ended. */
async function walk(service: ClockedService, limit: number): Promise<Map<string, string[]>> {
  const roots = await service.listShards({
    StreamName: STREAM,
    ShardFilter: { Type: 'AT_TRIM_HORIZON' },
  })
  const waiting = roots.Shards.map((shard) => shard.ShardId)
  for (let token = roots.NextToken; token !== undefined; ) {
    const page = await service.listShards({ NextToken: token })
    waiting.push(...page.Shards.map((shard) => shard.ShardId))
    token = page.NextToken
  }
  const ended = new Set<string>()
  const begun = new Set<string>()
  const read: [string, string[]][] = []
  for (let shardId = waiting.shift(); shardId !== undefined; shardId = waiting.shift()) {
    assert.ok(!begun.has(shardId), `${shardId} begun twice`)
    begun.add(shardId)
    const numbers: string[] = []
    let iterator: string | undefined = await service.iterator('TRIM_HORIZON', { ShardId: shardId })
    while (iterator !== undefined) {
      const page = await service.read(iterator, limit)
      numbers.push(...page.Records.map((record) => record.SequenceNumber))
      iterator = page.NextShardIterator
      if (page.ChildShards !== undefined) ended.add(shardId)
      for (const child of page.ChildShards ?? []) {
        if (child.ParentShards.every((parent) => ended.has(parent))) waiting.push(child.ShardId)
      }
      if (page.MillisBehindLatest === 0 && page.Records.length === 0) break
    }
    if (numbers.length > 0) read.push([shardId, numbers])
  }
  return new Map(read.sort())
}

function assertRises(numbers: readonly string[]): void {
  for (let i = 1; i < numbers.length; i++) {
    const [before, after] = [numbers[i - 1] ?? '', numbers[i] ?? '']
    assert.ok(compareSequenceNumbers(before, after) < 0, `${before} then ${after}`)
  }
}
