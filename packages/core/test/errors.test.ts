import assert from 'node:assert/strict'
import {
  AbortedError,
  ClosedError,
  InvalidOptionError,
  InvalidRecordError,
  InvalidStreamModelError,
  KinesisError,
} from '../src/errors.ts'
import * as core from '../src/index.ts'
import { ServiceError } from '../src/service-errors.ts'

/** One instance of every class; a class that core exports and this list lacks fails below. */
const INSTANCES: readonly KinesisError[] = [
  new InvalidOptionError('a', 'm', 'h'),
  new InvalidRecordError('data', 'm', 'h'),
  new InvalidStreamModelError('m', { hint: 'h' }),
  new ClosedError('m', { hint: 'h' }),
  new AbortedError('A wait'),
  new ServiceError('PutRecords', 'X', 'm'),
]

describe('every error class of core', () => {
  it('is in this table', () => {
    const exported = Object.values(core)
      .filter((value) => typeof value === 'function' && value.prototype instanceof KinesisError)
      .map((value) => (value as { readonly name: string }).name)
    assert.deepEqual(exported.sort(), INSTANCES.map((error) => error.name).sort())
  })

  it('has a code of its own', () => {
    const codes = INSTANCES.map((error) => error.code)
    assert.equal(new Set(codes).size, INSTANCES.length)
    for (const code of codes) assert.match(code, /^ERR_KINESIS_[A-Z_]+$/)
  })

  for (const error of INSTANCES) {
    it(`${error.name} has name, message and hint, and is one of ours`, () => {
      assert.equal(error.name, error.constructor.name)
      assert.notEqual(error.message, '')
      assert.notEqual(error.hint, '')
      assert.ok(error instanceof Error)
      assert.equal(KinesisError.isKinesisError(error), true)
    })
  }
})

describe('KinesisError.isKinesisError', () => {
  it('knows an error of another copy of the package by its brand', () => {
    const foreign = new Error('m')
    Object.defineProperty(foreign, Symbol.for('@millrace/core/KinesisError'), { value: true })
    assert.equal(KinesisError.isKinesisError(foreign), true)
    assert.equal(foreign instanceof KinesisError, false)
  })

  it('refuses everything else', () => {
    for (const value of [new Error('m'), null, undefined, 'x', 5, {}]) {
      assert.equal(KinesisError.isKinesisError(value), false)
    }
  })
})

describe('KinesisError', () => {
  it('keeps the cause, and has none when none was given', () => {
    const cause = new Error('why')
    assert.equal(new ClosedError('m', { hint: 'h', cause }).cause, cause)
    assert.equal(Object.hasOwn(new ClosedError('m', { hint: 'h' }), 'cause'), false)
  })

  it('is not retryable unless said so', () => {
    assert.equal(new ClosedError('m', { hint: 'h' }).retryable, false)
    assert.equal(new ClosedError('m', { hint: 'h', retryable: true }).retryable, true)
  })
})
