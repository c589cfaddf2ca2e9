import assert from 'node:assert/strict'
import { type InLine, WaitingLine } from '../../src/pipeline/waiting-line.ts'

interface Call extends InLine {
  readonly id: number
}

function calls(line: WaitingLine<Call>, count: number): Call[] {
  return Array.from({ length: count }, (_, id) => {
    const call: Call = { id, line: undefined }
    line.join(call)
    return call
  })
}

function cancel(call: Call): void {
  const { line } = call
  call.line = undefined
  line?.cancel()
}

describe('WaitingLine', () => {
  it('serves in the order of joining, without those that gave up', () => {
    const line = new WaitingLine<Call>()
    const all = calls(line, 1000)
    for (const call of all) if (call.id % 100 !== 7) cancel(call)
    assert.equal(line.length, 10)
    assert.equal(line.peek()?.id, 7)
    const served: number[] = []
    for (let call = line.shift(); call !== undefined; call = line.shift()) {
      assert.equal(call.line, undefined)
      served.push(call.id)
    }
    assert.deepEqual(served, [7, 107, 207, 307, 407, 507, 607, 707, 807, 907])
    assert.equal(line.length, 0)
  })

  it('knows a call that has moved on to another line as gone', () => {
    const [first, second] = [new WaitingLine<Call>(), new WaitingLine<Call>()]
    calls(first, 2)
    const moved = first.shift() as Call
    second.join(moved)
    cancel(moved)
    assert.equal(second.peek(), undefined)
    assert.equal(first.shift()?.id, 1)
    assert.equal(first.length + second.length, 0)
  })
})
