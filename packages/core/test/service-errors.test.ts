import assert from 'node:assert/strict'
import { InvalidRecordError } from '../src/errors.ts'
import {
  isServiceError,
  ServiceError,
  type ServiceErrorKind,
  serviceErrorKind,
} from '../src/service-errors.ts'

// What an AWS error means decides whether a record is sent again or a lease is given up: each row
// is written out here a second time, so that no edit of the table goes unseen.
const MEANINGS: readonly [awsName: string, kind: ServiceErrorKind, retryable: boolean][] = [
  ['ProvisionedThroughputExceededException', 'throttled', true],
  ['ThrottlingException', 'throttled', true],
  ['KMSThrottlingException', 'throttled', true],
  ['InternalFailure', 'transient', true],
  ['InternalServerError', 'transient', true],
  ['ServiceUnavailable', 'transient', true],
  ['TimeoutError', 'network', true],
  ['ECONNRESET', 'network', true],
  ['ExpiredTokenException', 'expired-credentials', true],
  ['LimitExceededException', 'limit', true],
  ['KMSDisabledException', 'kms', true],
  ['AccessDeniedException', 'denied', false],
  ['UnrecognizedClientException', 'denied', false],
  ['CredentialsProviderError', 'denied', false],
  ['ResourceNotFoundException', 'missing', false],
  ['ResourceInUseException', 'in-use', false],
  ['ExpiredIteratorException', 'expired-iterator', false],
  ['ExpiredNextTokenException', 'expired-token', false],
  ['InvalidArgumentException', 'invalid', false],
  ['ValidationException', 'invalid', false],
  ['ConditionalCheckFailedException', 'condition-failed', false],
  ['AbortError', 'aborted', false],
]

describe('ServiceError', () => {
  for (const [awsName, kind, retryable] of MEANINGS) {
    it(`takes ${awsName} for ${kind}, ${retryable ? 'retryable' : 'final'}`, () => {
      const error = new ServiceError('PutRecords', awsName, 'm')
      assert.equal(error.kind, kind)
      assert.equal(error.retryable, retryable)
      assert.ok(error.hint.length > 0)
    })
  }

  it('says operation, AWS name and message', () => {
    const cause = new Error('socket')
    const error = new ServiceError('GetRecords', 'ExpiredIteratorException', 'too old', { cause })
    assert.equal(error.message, 'GetRecords: ExpiredIteratorException: too old')
    assert.equal(error.operation, 'GetRecords')
    assert.equal(error.awsName, 'ExpiredIteratorException')
    assert.equal(error.cause, cause)
  })

  it('is ambiguous exactly when a write may have been applied', () => {
    const ambiguous = (kind: ServiceErrorKind): boolean =>
      new ServiceError('UpdateItem', 'X', 'm', { kind }).ambiguous
    for (const kind of ['network', 'transient', 'aborted', 'unknown'] as const) {
      assert.equal(ambiguous(kind), true, kind)
    }
    for (const kind of ['throttled', 'condition-failed', 'denied', 'missing', 'invalid'] as const) {
      assert.equal(ambiguous(kind), false, kind)
    }
  })

  it('keeps the old item of a failed condition', () => {
    const item = { leaseKey: { S: 'k' } }
    const error = new ServiceError('UpdateItem', 'ConditionalCheckFailedException', 'm', { item })
    assert.equal(error.item, item)
  })
})

describe('serviceErrorKind', () => {
  it('judges an unknown name by its status', () => {
    const byStatus = [429, 500, 503, 401, 403, 400, 413, 200, undefined].map((status) =>
      serviceErrorKind('SomethingNew', status),
    )
    assert.deepEqual(byStatus, [
      'throttled',
      'transient',
      'transient',
      'denied',
      'denied',
      'invalid',
      'invalid',
      'unknown',
      'unknown',
    ])
  })

  it('trusts a known name more than the status', () => {
    assert.equal(serviceErrorKind('ThrottlingException', 400), 'throttled')
    assert.equal(serviceErrorKind('constructor'), 'unknown')
  })
})

describe('isServiceError', () => {
  it('knows its own kind from other errors', () => {
    assert.equal(isServiceError(new ServiceError('PutRecords', 'X', 'm')), true)
    assert.equal(isServiceError(new InvalidRecordError('data', 'm', 'h')), false)
    assert.equal(
      isServiceError(Object.assign(new Error('m'), { code: 'ERR_KINESIS_SERVICE' })),
      false,
    )
    for (const value of [undefined, null, 'ERR_KINESIS_SERVICE', {}]) {
      assert.equal(isServiceError(value), false)
    }
  })
})
