/** Run by the case lease-store: the lease store's promises on the server that it names. */
import { dynamoFromSdk } from '@millrace/core'
import { leaseStoreSuite } from '../../packages/consumer/test/lease/lease-store-suite.ts'
import { LOCAL_AWS } from '../demo/processes.ts'

const endpoint = process.env['INTEROP_DYNAMODB_URL'] ?? ''

leaseStoreSuite(endpoint, async () => {
  const port = dynamoFromSdk({ ...LOCAL_AWS, endpoint })
  return { port, tearDown: async () => port.close() }
})
