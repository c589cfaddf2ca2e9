import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { resolveAwsClientOptions } from '../../src/adapters/sdk-options.ts'

describe('resolveAwsClientOptions', () => {
  const resolve = (options: object): unknown => resolveAwsClientOptions('kinesis', options)

  it('has defaults for everything', () => {
    assert.deepEqual(resolveAwsClientOptions('kinesis', undefined), {
      region: undefined,
      endpoint: undefined,
      allowInsecureEndpoint: false,
      credentials: undefined,
      maxConnections: 24,
      connectTimeoutMs: 6000,
      requestTimeoutMs: 6000,
      socketTimeoutMs: 6000,
      requestHandler: undefined,
    })
  })

  it('takes a request handler and refuses what only our own sockets could heed', () => {
    const requestHandler = { handle: async () => ({ response: {} }) }
    assert.doesNotThrow(() => resolve({ requestHandler, requestTimeoutMs: 5 }))
    for (const name of ['maxConnections', 'connectTimeoutMs', 'socketTimeoutMs']) {
      assert.throws(() => resolve({ requestHandler, [name]: 5 }), {
        message: `kinesis.${name} has no effect beside kinesis.requestHandler`,
      })
    }
    assert.throws(() => resolve({ requestHandler: {} }), { message: /has no handle/ })
  })

  it('names the nearest known option', () => {
    assert.throws(() => resolve({ endpont: 'x' }), { hint: /endpoint/ })
  })

  for (const endpoint of [
    'http://localhost:4567',
    'http://127.0.0.1',
    'http://[::1]:1',
    'https://kinesis.eu-west-1.amazonaws.com',
  ]) {
    it(`accepts ${endpoint}`, () => {
      assert.doesNotThrow(() => resolve({ endpoint }))
    })
  }

  for (const endpoint of [
    'http://kinesis.example.com',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
  ]) {
    it(`refuses ${endpoint} unless told that it is safe`, () => {
      assert.throws(() => resolve({ endpoint }), { hint: /allowInsecureEndpoint/ })
      assert.doesNotThrow(() => resolve({ endpoint, allowInsecureEndpoint: true }))
    })
  }

  it('refuses what is no URL', () => {
    assert.throws(() => resolve({ endpoint: 'localhost:4567' }), {
      code: 'ERR_KINESIS_INVALID_OPTION',
    })
  })

  it('names the missing half of the credentials and shows none of them', () => {
    assert.throws(
      () => resolve({ credentials: { accessKeyId: '', secretAccessKey: 'CANARY' } }),
      (error: Error) => {
        assert.match(error.message, /credentials\.accessKeyId is missing/)
        assert.doesNotMatch(inspect(error), /CANARY/)
        return true
      },
    )
  })
})
