import assert from 'node:assert/strict'
import { type InLine, WaitingLine } from '../../src/pipeline/waiting-line.ts'

function calls(line: WaitingLine<InLine>, count: number): InLine[] {
  return Array.from({ length: count }, (_, sequence) => {
    const call: InLine = { sequence, line: undefined }
    line.join(call)
    return call
  })
}

function cancel(call: InLine): void {
  const { line } = call
  call.line = undefined
  line?.cancel()
}

describe('WaitingLine', () => {
  it('serves in the order of the calls, without those that gave up', () => {
    const line = new WaitingLine<InLine>()
    const all = calls(line, 1000)
    for (const call of all) if (call.sequence % 100 !== 7) cancel(call)
    assert.equal(line.length, 10)
    assert.equal(line.peek()?.sequence, 7)
    const served: number[] = []
    for (let call = line.shift(); call !== undefined; call = line.shift()) {
      assert.equal(call.line, undefined)
      served.push(call.sequence)
    }
    assert.deepEqual(served, [7, 107, 207, 307, 407, 507, 607, 707, 807, 907])
    assert.equal(line.length, 0)
  })

  it('puts a call from another line where it belongs by its age', () => {
    const [first, second] = [new WaitingLine<InLine>(), new WaitingLine<InLine>()]
    const [, old] = calls(first, 2) as [InLine, InLine]
    cancel(old)
    for (const sequence of [3, 5]) second.join({ sequence, line: undefined })
    second.join(old)
    second.join({ sequence: 4, line: undefined })
    second.join({ sequence: 6, line: undefined })
    const served = Array.from({ length: 5 }, () => second.shift()?.sequence)
    assert.deepEqual(served, [1, 3, 4, 5, 6])
  })

  it('knows a call that has moved on to another line as gone', () => {
    const [first, second] = [new WaitingLine<InLine>(), new WaitingLine<InLine>()]
    calls(first, 2)
    const moved = first.shift() as InLine
    second.join(moved)
    cancel(moved)
    assert.equal(second.peek(), undefined)
    assert.equal(first.shift()?.sequence, 1)
    assert.equal(first.length + second.length, 0)
  })
})
