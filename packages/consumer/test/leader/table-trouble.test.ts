import assert from 'node:assert/strict'
import { InvalidStreamModelError, ServiceError } from '@millrace/core'
import { judgeTrouble } from '../../src/leader/table-trouble.ts'

describe('judgeTrouble', () => {
  const throttled = new ServiceError('Scan', 'ThrottlingException', 'm')
  const denied = new ServiceError('Scan', 'AccessDeniedException', 'm')
  const missing = new ServiceError('Scan', 'ResourceNotFoundException', 'm')

  it('only logs what passes by itself, until it lasts', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 8].map((failures) => judgeTrouble(throttled, failures)),
      ['log', 'log', 'log', 'event', 'log', 'event'],
    )
  })

  it('lets a listing that came in the middle of a reshard pass, too', () => {
    const torn = new InvalidStreamModelError('both own', { hint: 'again', retryable: true })
    assert.deepEqual([judgeTrouble(torn, 1), judgeTrouble(torn, 4)], ['log', 'event'])
  })

  it('makes an event at once of what waiting cannot help', () => {
    assert.equal(judgeTrouble(denied, 1), 'event')
    assert.equal(judgeTrouble(new Error('a bug'), 1), 'event')
  })

  it('gives up a table that is gone, not one that was missing once', () => {
    assert.equal(judgeTrouble(missing, 1), 'event')
    assert.equal(judgeTrouble(missing, 5), 'fatal')
  })
})
