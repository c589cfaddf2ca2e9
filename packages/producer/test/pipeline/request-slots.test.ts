import assert from 'node:assert/strict'
import { RequestSlots } from '../../src/pipeline/request-slots.ts'

describe('RequestSlots', () => {
  it('runs so many tasks at once, the others in order as slots are released', () => {
    const slots = new RequestSlots(2)
    const ran: number[] = []
    for (let i = 0; i < 5; i++) slots.run(() => ran.push(i))
    assert.deepEqual(ran, [0, 1])
    slots.release()
    assert.deepEqual(ran, [0, 1, 2])
    slots.release()
    slots.release()
    slots.release()
    assert.deepEqual(ran, [0, 1, 2, 3, 4])
  })

  it('does not run out of stack when a long line of tasks is done at once', () => {
    const slots = new RequestSlots(1)
    let ran = 0
    slots.run(() => {})
    for (let i = 0; i < 100_000; i++) {
      slots.run(() => {
        ran++
        slots.release()
      })
    }
    slots.release()
    assert.equal(ran, 100_000)
    slots.run(() => ran++)
    assert.equal(ran, 100_001)
  })

  it('lets nobody pass those who wait', () => {
    const slots = new RequestSlots(1)
    const ran: string[] = []
    slots.run(() => {})
    slots.run(() => {
      slots.release()
      slots.run(() => ran.push('late'))
    })
    slots.run(() => ran.push('early'))
    slots.release()
    assert.deepEqual(ran, ['early'])
    slots.release()
    assert.deepEqual(ran, ['early', 'late'])
  })
})
