/** Run by the case lease-store: the lease store's promises on the server that it names. */
import assert from 'node:assert/strict'
import { dynamoFromSdk } from '@millrace/core'
import { leaseStoreSuite } from '../../packages/consumer/test/lease/lease-store-suite.ts'
import { LOCAL_AWS } from '../demo/processes.ts'
import { ENGINES } from '../harness/engine-differences.ts'
import { EngineProbe, PROBES } from '../harness/engine-probes.ts'

const endpoint = process.env['INTEROP_DYNAMODB_URL'] ?? ''

leaseStoreSuite(endpoint, async () => {
  const port = dynamoFromSdk({ ...LOCAL_AWS, endpoint })
  return { port, tearDown: async () => port.close() }
})

describe(`${endpoint}, beside the list of differences`, () => {
  const port = dynamoFromSdk({ ...LOCAL_AWS, endpoint })
  after(() => port.close())

  for (const { id, operation, answers } of ENGINES.differences) {
    // The order of a scan is each server's own.
    if (id === 'scanOrder') continue
    it(`answers as one of the engines in the list: ${operation}`, async () => {
      const answer = await PROBES[id]?.(new EngineProbe(port))
      assert.ok(Object.values(answers).includes(answer ?? ''), `unlisted: ${answer}`)
    })
  }
})
