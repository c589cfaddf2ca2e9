import assert from 'node:assert/strict'
import type { Logger } from '../src/ports/logger.ts'
import { TypedEmitter } from '../src/typed-emitter.ts'

interface Events {
  readonly tick: [count: number]
  readonly error: [error: Error]
}

function emitterWithLog(): {
  readonly emitter: TypedEmitter<Events>
  readonly lines: { readonly fields: object; readonly message: string }[]
} {
  const lines: { fields: object; message: string }[] = []
  const write = (fields: object, message: string): void => {
    lines.push({ fields, message })
  }
  const nothing = (): void => {}
  const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error: write }
  return { emitter: new TypedEmitter<Events>(logger), lines }
}

describe('TypedEmitter', () => {
  it('calls listeners in order of registration with the arguments', () => {
    const { emitter } = emitterWithLog()
    const calls: string[] = []
    emitter
      .on('tick', (count) => calls.push(`a${count}`))
      .on('tick', (count) => calls.push(`b${count}`))
    assert.equal(emitter.emit('tick', 3), true)
    assert.deepEqual(calls, ['a3', 'b3'])
  })

  it('calls a once-listener once', () => {
    const { emitter } = emitterWithLog()
    let calls = 0
    emitter.once('tick', () => calls++)
    emitter.emit('tick', 1)
    assert.equal(emitter.emit('tick', 2), false)
    assert.equal(calls, 1)
    assert.equal(emitter.listenerCount('tick'), 0)
  })

  it('forgets a listener that was taken off', () => {
    const { emitter } = emitterWithLog()
    const listener = (): void => assert.fail('was called')
    emitter.on('tick', listener).off('tick', listener)
    assert.equal(emitter.emit('tick', 1), false)
  })

  it('sends what a listener throws to error, and still calls the others', () => {
    const { emitter } = emitterWithLog()
    const thrown = new Error('listener')
    const errors: Error[] = []
    let reached = false
    emitter
      .on('error', (error) => errors.push(error))
      .on('tick', () => {
        throw thrown
      })
      .on('tick', () => {
        reached = true
      })
    emitter.emit('tick', 1)
    assert.deepEqual(errors, [thrown])
    assert.equal(reached, true)
  })

  it('sends what an async listener rejects with to error', async () => {
    const { emitter } = emitterWithLog()
    const thrown = new Error('later')
    const error = new Promise((resolve) => emitter.on('error', resolve))
    // An async listener is a lint error in TypeScript; users in JavaScript write them all the same.
    emitter.on('tick', (() => Promise.reject(thrown)) as () => void)
    emitter.emit('tick', 1)
    assert.equal(await error, thrown)
  })

  it('logs an error event without a listener instead of throwing it', () => {
    const { emitter, lines } = emitterWithLog()
    const error = new Error('nobody listens')
    assert.equal(emitter.emit('error', error), false)
    assert.deepEqual(lines, [{ fields: { err: error }, message: 'error event without a listener' }])
  })

  it('logs a listener that throws when nobody listens for errors', () => {
    const { emitter, lines } = emitterWithLog()
    const thrown = new Error('listener')
    emitter.on('tick', () => {
      throw thrown
    })
    emitter.emit('tick', 1)
    assert.deepEqual(
      lines.map((line) => line.fields),
      [{ err: thrown, event: 'tick' }],
    )
  })

  it('logs an error listener that throws, without going round in circles', () => {
    const { emitter, lines } = emitterWithLog()
    emitter.on('error', () => {
      throw new Error('in the error listener')
    })
    emitter.emit('error', new Error('first'))
    emitter.on('tick', () => {
      throw new Error('in a listener')
    })
    emitter.emit('tick', 1)
    assert.equal(lines.length, 2)
  })

  it('compiles no misspelt name and no wrong payload', () => {
    const { emitter } = emitterWithLog()
    // @ts-expect-error: no such event
    emitter.on('tock', () => {})
    // @ts-expect-error: the payload is a number
    emitter.emit('tick', 'one')
    // @ts-expect-error: the payload is missing
    emitter.emit('tick')
    assert.equal(emitter.listenerCount('tick'), 0)
  })
})
