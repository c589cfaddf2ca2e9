import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { fromSdkError } from '../../src/adapters/sdk-error.ts'
import { ServiceError } from '../../src/service-errors.ts'

function thrown(name: string, message: string, extra: object = {}): Error {
  return Object.assign(new Error(message), { name }, extra)
}
function answered(
  name: string,
  message: string,
  httpStatusCode: number,
  extra: object = {},
): Error {
  return thrown(name, message, { $metadata: { httpStatusCode, requestId: 'request-1' }, ...extra })
}

describe('fromSdkError', () => {
  it('keeps the service name, message, status and request id', () => {
    const error = fromSdkError(
      'PutRecords',
      answered('ProvisionedThroughputExceededException', 'Rate exceeded', 400),
    )
    assert.equal(error.kind, 'throttled')
    assert.equal(error.awsName, 'ProvisionedThroughputExceededException')
    assert.match(error.message, /PutRecords.*Rate exceeded/)
    assert.match(String((error.cause as Error).message), /HTTP 400, request id request-1/)
  })

  it('judges a name that is not in the table by its status', () => {
    assert.equal(fromSdkError('PutRecords', answered('Novel', 'x', 503)).kind, 'transient')
    assert.equal(fromSdkError('PutRecords', answered('Novel', 'x', 400)).kind, 'invalid')
  })

  it('prefers the code of a socket error over the name that the SDK gave it', () => {
    const error = fromSdkError('GetRecords', thrown('TimeoutError', 'x', { code: 'ECONNRESET' }))
    assert.equal(error.awsName, 'ECONNRESET')
    assert.equal(error.kind, 'network')
    assert.equal(error.ambiguous, true)
  })

  for (const code of ['ENETUNREACH', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'HPE_INVALID_CONSTANT']) {
    it(`takes ${code} for a network failure`, () => {
      assert.equal(fromSdkError('GetRecords', thrown('Error', 'x', { code })).kind, 'network')
    })
  }

  it('finds the reason inside the error of a name with several addresses', () => {
    const refused = thrown('Error', 'connect ECONNREFUSED ::1:9')
    const error = fromSdkError(
      'ListShards',
      thrown('AggregateError', '', {
        code: 'ECONNREFUSED',
        errors: [refused],
      }),
    )
    assert.match(error.message, /connect ECONNREFUSED ::1:9/)
  })

  it('carries the old item of a failed condition', () => {
    const Item = { leaseKey: { S: 'shard-1' } }
    const error = fromSdkError(
      'UpdateItem',
      answered('ConditionalCheckFailedException', 'failed', 400, { Item }),
    )
    assert.equal(error.kind, 'condition-failed')
    assert.deepEqual(error.item, Item)
  })

  it('says what to set when credentials are absent', () => {
    const error = fromSdkError(
      'PutRecords',
      thrown('CredentialsProviderError', 'Could not load credentials from any providers'),
    )
    assert.equal(error.kind, 'denied')
    assert.match(error.hint, /AWS_ACCESS_KEY_ID/)
  })

  it('says what to set when the region is absent', () => {
    const error = fromSdkError('PutRecords', thrown('Error', 'Region is missing'))
    assert.equal(error.kind, 'invalid')
    assert.match(error.hint, /AWS_REGION/)
  })

  it('says what to set when the region is none, such as an empty AWS_REGION', () => {
    const text = 'Region not accepted: region="" is not a valid hostname component.'
    const error = fromSdkError('PutRecords', thrown('Error', text))
    assert.equal(error.kind, 'invalid')
    assert.equal(error.retryable, false)
    assert.match(error.hint, /AWS_REGION/)
  })

  it('holds a wrong clock retryable, since the SDK corrects it for the next attempt', () => {
    const error = fromSdkError(
      'PutRecords',
      answered('InvalidSignatureException', 'Signature expired: 20260101T000000Z is now', 400),
    )
    assert.equal(error.retryable, true)
    assert.match(error.hint, /clock/)
  })

  it('hands out neither response nor request', () => {
    const error = fromSdkError(
      'PutRecords',
      answered('InternalFailure', 'x', 500, {
        $response: { body: 'CANARY-BODY', headers: { authorization: 'CANARY-AUTH' } },
        $responseBodyText: 'CANARY-BODY',
      }),
    )
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /CANARY/)
  })

  for (const [what, message] of [
    [
      'a partition key',
      "1 validation error detected: Value 'CANARY it's' at 'records.1.member.partitionKey' failed to satisfy constraint: x",
    ],
    [
      'a session token',
      'does not match.\n\nThe Canonical String for this request should have been\nx-amz-security-token:CANARY',
    ],
    [
      'an authorization header',
      "requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256 CANARY",
    ],
  ] as const) {
    it(`cuts ${what} out of the message of the service`, () => {
      const error = fromSdkError('PutRecords', answered('ValidationException', message, 400))
      assert.doesNotMatch(inspect(error), /CANARY/)
    })
  }

  it('keeps the value of a field that is no secret', () => {
    const message = "Value 'my stream' at 'streamName' failed to satisfy constraint"
    const error = fromSdkError('PutRecords', answered('ValidationException', message, 400))
    assert.match(error.message, /my stream/)
  })

  it('does not repeat the piece of an answer that the parser could not read', () => {
    const error = fromSdkError(
      'GetRecords',
      answered('SyntaxError', 'Unexpected token C, "CANARY" is not valid JSON', 200),
    )
    assert.equal(error.kind, 'transient')
    assert.doesNotMatch(inspect(error), /CANARY/)
  })

  it('passes an error of ours through and survives things that are no errors', () => {
    const ours = new ServiceError('PutRecords', 'Throttling', 'x')
    assert.equal(fromSdkError('PutRecords', ours), ours)
    for (const odd of [undefined, null, 'text', 7, {}]) {
      assert.equal(fromSdkError('PutRecords', odd).kind, 'unknown')
    }
  })
})
