import assert from 'node:assert/strict'
import type { ExtendedSequenceNumber } from '@millrace/core'
import fc from 'fast-check'
import { type Acknowledgement, Acknowledgements } from '../../src/pulling/acknowledgements.ts'

interface Watched {
  readonly acknowledgements: Acknowledgements
  readonly done: (readonly [number, number])[]
  readonly abandon: () => void
}

function watched(maxOutstanding = 100): Watched {
  const done: (readonly [number, number])[] = []
  const controller = new AbortController()
  const acknowledgements = new Acknowledgements({
    onDone: (at, records) => done.push([Number(at.sequenceNumber), records]),
    abandoned: controller.signal,
    maxOutstanding,
  })
  return { acknowledgements, done, abandon: () => controller.abort() }
}

function at(number: number): ExtendedSequenceNumber {
  return { sequenceNumber: String(number), subSequenceNumber: 0 }
}

const never = new AbortController().signal

describe('Acknowledgements', () => {
  it('move on over what is acknowledged without a gap, in any order', () => {
    const { acknowledgements, done } = watched()
    const [a, b, c] = [1, 2, 3].map((number) => acknowledgements.open(at(number)))
    c?.give()
    b?.give()
    assert.deepEqual(done, [])
    a?.give()
    assert.deepEqual(done, [[3, 3]])
    a?.give()
    assert.deepEqual(done, [[3, 3]])
  })

  it('pass over what is never handed out once all before it is done', () => {
    const { acknowledgements, done } = watched()
    acknowledgements.passOver(at(1))
    assert.deepEqual(done, [[1, 0]])
    const two = acknowledgements.open(at(2))
    acknowledgements.passOver(at(2))
    acknowledgements.passOver(at(3))
    acknowledgements.passOver(at(4))
    assert.deepEqual(done, [[1, 0]])
    two.give()
    assert.deepEqual(done.slice(1), [[4, 1]])
  })

  it('hold no more room than one record for pages in which nothing is handed out', () => {
    const { acknowledgements } = watched(3)
    acknowledgements.open(at(1))
    for (let number = 2; number < 50; number++) acknowledgements.passOver(at(number))
    assert.equal(acknowledgements.hasRoom, true)
    acknowledgements.open(at(50))
    assert.equal(acknowledgements.hasRoom, false)
  })

  it('say when there is room again: when the oldest is acknowledged', () => {
    const { acknowledgements } = watched(2)
    const [a, b] = [1, 2].map((number) => acknowledgements.open(at(number)))
    let calls = 0
    acknowledgements.onceRoom(() => calls++)
    b?.give()
    assert.deepEqual([acknowledgements.hasRoom, calls], [false, 0])
    a?.give()
    assert.deepEqual([acknowledgements.hasRoom, calls], [true, 1])
  })

  it('are settled when nothing is outstanding, or nobody will acknowledge it, or not in time', async () => {
    const { acknowledgements, done, abandon } = watched()
    assert.equal(await acknowledgements.settled(never), true)
    const one = acknowledgements.open(at(1))
    const settled = acknowledgements.settled(never)
    one.give()
    assert.equal(await settled, true)
    const two = acknowledgements.open(at(2))
    const halted = new AbortController()
    const tooLate = acknowledgements.settled(halted.signal)
    halted.abort()
    assert.equal(await tooLate, false)
    const left = acknowledgements.settled(never)
    abandon()
    assert.equal(await left, true)
    two.give()
    assert.deepEqual(done, [[1, 1]])
  })

  it('are always at the longest prefix, whatever the order', () => {
    const orders = fc
      .array(fc.boolean(), { minLength: 1, maxLength: 40 })
      .chain((areRecords) =>
        fc.tuple(fc.constant(areRecords), fc.array(fc.nat(), { minLength: 100, maxLength: 100 })),
      )
    fc.assert(
      fc.property(orders, ([areRecords, picks]) => {
        const { acknowledgements, done } = watched()
        const open: { readonly number: number; readonly of: Acknowledgement }[] = []
        const given = new Set<number>()
        let number = 0
        const check = (): void => {
          let prefix = 0
          while (prefix < number && given.has(prefix + 1)) prefix++
          assert.equal(done.at(-1)?.[0] ?? 0, prefix)
        }
        for (const [i, isRecord] of areRecords.entries()) {
          number++
          if (isRecord) open.push({ number, of: acknowledgements.open(at(number)) })
          else {
            given.add(number)
            acknowledgements.passOver(at(number))
          }
          check()
          const [next] = open.splice((picks[i] ?? 0) % (open.length * 2 + 1), 1)
          if (next === undefined) continue
          given.add(next.number)
          next.of.give()
          check()
        }
        for (const rest of open) {
          given.add(rest.number)
          rest.of.give()
        }
        check()
        assert.equal(
          done.reduce((sum, [, records]) => sum + records, 0),
          areRecords.filter(Boolean).length,
        )
      }),
    )
  })
})
