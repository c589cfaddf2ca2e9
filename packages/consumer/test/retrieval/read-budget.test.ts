import assert from 'node:assert/strict'
import { AbortedError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import fc from 'fast-check'
import { type PageHold, ReadBudget, type ShardReads } from '../../src/retrieval/read-budget.ts'

const MIB = 1024 * 1024
const PAGE = 10 * MIB
const NEVER = new AbortController().signal

/** The hold once it is granted. */
function asked(reads: ShardReads, signal = NEVER): { hold: PageHold | undefined } {
  const asking: { hold: PageHold | undefined } = { hold: undefined }
  reads.reserve(signal).then(
    (hold) => {
      asking.hold = hold
    },
    () => undefined,
  )
  return asking
}

function granted({ hold }: { readonly hold: PageHold | undefined }): PageHold {
  assert.ok(hold !== undefined)
  return hold
}

describe('ReadBudget', () => {
  it('reserves the largest page, then charges what has come, until that is handled', async () => {
    const budget = new ReadBudget(64 * MIB)
    const hold = await budget.forShard().reserve(NEVER)
    assert.equal(budget.bytes, PAGE)
    assert.equal(hold.accept(1000), true)
    assert.equal(budget.bytes, 1000)
    hold.release()
    hold.release()
    assert.equal(budget.bytes, 0)
  })

  it('learns how large the pages of a shard are', async () => {
    const budget = new ReadBudget(64 * MIB)
    const reads = budget.forShard()
    const charged: number[] = []
    for (const bytes of [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 3 * MIB, 3 * MIB]) {
      const hold = await reads.reserve(NEVER)
      charged.push(budget.bytes)
      hold.accept(bytes)
      hold.release()
    }
    assert.deepEqual(charged.slice(0, 3), [PAGE, PAGE / 2, PAGE / 4])
    assert.deepEqual(charged.slice(-3), [64 * 1024, 64 * 1024, 6 * MIB])
  })

  it('turns a page away that has grown beyond what is left, and reserves the largest for it', async () => {
    const budget = new ReadBudget(20 * MIB)
    const small = budget.forShard()
    for (let i = 0; i < 10; i++) {
      const hold = await small.reserve(NEVER)
      hold.accept(10)
      hold.release()
    }
    const other = await budget.forShard().reserve(NEVER)
    assert.equal(other.accept(PAGE), true)
    const grown = await small.reserve(NEVER)
    assert.equal(grown.accept(PAGE + 1), false)
    assert.equal(budget.bytes, PAGE)
    const again = await small.reserve(NEVER)
    assert.equal(budget.bytes, 2 * PAGE)
    assert.equal(again.accept(PAGE), true)
  })

  it('lets a page in that is larger than the bound once it is alone', async () => {
    const budget = new ReadBudget(1000)
    const first = await budget.forShard().reserve(NEVER)
    assert.equal(first.accept(5000), true)
    const second = asked(budget.forShard())
    await sleep(1)
    assert.equal(second.hold, undefined)
    first.release()
    await sleep(1)
    assert.equal(granted(second).accept(3), true)
    assert.equal(budget.bytes, 3)
  })

  it('keeps half of the room for first pages: shards that read ahead hold up no other', async () => {
    const budget = new ReadBudget(4 * PAGE)
    const greedy = budget.forShard()
    const held: PageHold[] = []
    for (let i = 0; i < 2; i++) {
      const hold = await greedy.reserve(NEVER)
      hold.accept(PAGE)
      held.push(hold)
    }
    const ahead = asked(greedy)
    const others = [budget.forShard(), budget.forShard()]
    for (const other of others) (await other.reserve(NEVER)).accept(PAGE)
    assert.equal(ahead.hold, undefined)
    assert.equal(budget.bytes, 4 * PAGE)
    // Full: the next first page goes before the page that was to be read ahead.
    const late = asked(budget.forShard())
    for (const hold of held) hold.release()
    await sleep(1)
    assert.notEqual(late.hold, undefined)
  })

  it('serves first pages in the order of asking: a smaller one overtakes no larger one', async () => {
    const budget = new ReadBudget(PAGE + 1000)
    const full = await budget.forShard().reserve(NEVER)
    full.accept(PAGE)
    const large = asked(budget.forShard())
    const learned = budget.forShard()
    for (let i = 0; i < 20; i++) learned.learn(1)
    const small = asked(learned)
    await sleep(1)
    assert.deepEqual([large.hold, small.hold], [undefined, undefined])
    full.release()
    await sleep(1)
    assert.notEqual(large.hold, undefined)
  })

  it('lets go of a place in the queue when its shard is given up', async () => {
    const budget = new ReadBudget(PAGE)
    const first = await budget.forShard().reserve(NEVER)
    first.accept(PAGE)
    const leaving = new AbortController()
    const left = budget.forShard().reserve(leaving.signal)
    const behind = asked(budget.forShard())
    leaving.abort()
    await assert.rejects(left, AbortedError)
    await assert.rejects(budget.forShard().reserve(leaving.signal), AbortedError)
    first.release()
    await sleep(1)
    assert.notEqual(behind.hold, undefined)
    assert.equal(budget.bytes, PAGE / 2)
  })

  it('holds its bound and starves no shard, whatever the pages and however slow the handlers', () =>
    runInVirtualTime(async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 64 }),
          fc.array(
            fc.record({
              pageBytes: fc.array(fc.integer({ min: 0, max: PAGE }), {
                minLength: 1,
                maxLength: 5,
              }),
              ahead: fc.integer({ min: 1, max: 4 }),
              handlerMs: fc.integer({ min: 0, max: 2000 }),
            }),
            { minLength: 1, maxLength: 6 },
          ),
          async (maxMib, shards) => {
            const budget = new ReadBudget(maxMib * MIB)
            const read = shards.map(() => 0)
            const over = new AbortController()
            const running = shards.map((shard, i) =>
              serve(budget, shard, over.signal, () => {
                read[i] = (read[i] ?? 0) + 1
                assert.ok(
                  budget.bytes <= Math.max(maxMib * MIB, PAGE),
                  `${budget.bytes} bytes of ${maxMib} MiB`,
                )
              }),
            )
            await sleep(60_000)
            over.abort()
            await Promise.all(running)
            assert.ok(Math.min(...read) >= 2, `pages read: ${read}`)
          },
        ),
        { numRuns: 15 },
      )
    }))
})

/** Pages of these sizes again and again, so many ahead of a slow handler. */
async function serve(
  budget: ReadBudget,
  shard: { pageBytes: readonly number[]; ahead: number; handlerMs: number },
  over: AbortSignal,
  seen: () => void,
): Promise<void> {
  const reads = budget.forShard()
  const pages: PageHold[] = []
  const handler = (async () => {
    while (!over.aborted) {
      const hold = pages[0]
      await sleep(hold === undefined ? 10 : shard.handlerMs + 1)
      pages.shift()?.release()
    }
  })()
  for (let i = 0; !over.aborted; i++) {
    if (pages.length >= shard.ahead) {
      await sleep(10)
      continue
    }
    const hold = await reads.reserve(over).catch(() => undefined)
    if (hold === undefined) break
    seen()
    await sleep(20)
    if (hold.accept(shard.pageBytes[i % shard.pageBytes.length] ?? 0)) pages.push(hold)
    seen()
  }
  await handler
}
