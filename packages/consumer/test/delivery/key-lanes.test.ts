import assert from 'node:assert/strict'
import fc from 'fast-check'
import { KeyLanes, type LanedCall } from '../../src/delivery/key-lanes.ts'

class Call implements LanedCall {
  readonly key: string | undefined
  readonly nth: number
  next: LanedCall | undefined

  constructor(key: string | undefined, nth: number) {
    this.key = key
    this.nth = nth
  }
}

describe('KeyLanes', () => {
  it('starts calls of one key one after the other, in order, and all others at once', () => {
    const keys = fc.array(fc.constantFrom('a', 'b', 'c', undefined), { maxLength: 30 })
    fc.assert(
      fc.property(keys, fc.infiniteStream(fc.nat()), (added, choices) => {
        const lanes = new KeyLanes<Call>()
        const open: Call[] = []
        const started: Call[] = []
        const choose = (below: number): number => Number(choices.next().value) % below
        const startAll = (): void => {
          for (let call = lanes.take(); call !== undefined; call = lanes.take()) {
            assert.ok(call.key === undefined || open.every(({ key }) => key !== call?.key))
            open.push(call)
            if (!started.includes(call)) started.push(call)
          }
        }
        for (const [nth, key] of added.entries()) {
          lanes.add(new Call(key, nth))
          if (choose(3) > 0) startAll()
          if (open.length === 0 || choose(2) === 0) continue
          const [call] = open.splice(choose(open.length), 1)
          if (call === undefined) continue
          if (choose(4) === 0) lanes.again(call)
          else lanes.done(call)
        }
        for (startAll(); open.length > 0; startAll()) lanes.done(open.shift() as Call)
        assert.equal(lanes.size, 0)
        assert.equal(started.length, added.length)
        for (const key of ['a', 'b', 'c']) {
          const nths = started.filter((call) => call.key === key).map(({ nth }) => nth)
          assert.deepEqual(
            nths,
            [...nths].sort((a, b) => a - b),
          )
        }
      }),
    )
  })

  it('puts a call that is to start again before the others', () => {
    const lanes = new KeyLanes<Call>()
    const calls = [new Call('a', 0), new Call('b', 1), new Call(undefined, 2)]
    for (const call of calls) lanes.add(call)
    const first = lanes.take() as Call
    assert.equal(lanes.readySize, 2)
    lanes.again(first)
    assert.equal(lanes.take(), first)
  })
})
