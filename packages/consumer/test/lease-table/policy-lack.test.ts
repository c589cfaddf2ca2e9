import assert from 'node:assert/strict'
import { ServiceError } from '@millrace/core'
import { isPolicyLack, namedLack } from '../../src/lease-table/policy-lack.ts'

const denied = new ServiceError('Query', 'AccessDeniedException', 'User arn:... is not authorized')

describe('namedLack', () => {
  it('names action and resource, and the statement to add', () => {
    const input = { TableName: 'orders-app', IndexName: 'LeaseOwnerToLeaseKeyIndex' }
    const named = namedLack(denied, { operation: 'query', input })
    assert.ok(isPolicyLack(named))
    const resource = 'table/orders-app/index/LeaseOwnerToLeaseKeyIndex'
    assert.match(named.message, new RegExp(`dynamodb:Query on ${resource}$`))
    const statement: unknown = JSON.parse(named.hint.replace('Add to it: ', ''))
    assert.deepEqual(statement, {
      Effect: 'Allow',
      Action: 'dynamodb:Query',
      Resource: `arn:aws:dynamodb:*:*:${resource}`,
    })
    assert.equal(named.cause, denied)
    assert.equal(named.kind, 'denied')
    assert.equal(named.retryable, false)
  })

  it('leaves everything else as it is, wrong credentials too', () => {
    const call = { operation: 'scan', input: { TableName: 't' } } as const
    for (const cause of [
      new ServiceError('Scan', 'CredentialsProviderError', 'none found'),
      new ServiceError('Scan', 'UnrecognizedClientException', 'who?'),
      new ServiceError('Scan', 'ThrottlingException', 'slow down'),
      new Error('a bug'),
    ]) {
      assert.equal(namedLack(cause, call), cause)
    }
  })
})
