/** The lease store's promises over the wire: our SDK adapter against a DynamoDB emulator. */
import { dynamoFromSdk } from '@millrace/core'
import { startLocalKinesis } from '@millrace/testing'
import { leaseStoreSuite } from '../../packages/consumer/test/lease/lease-store-suite.ts'

leaseStoreSuite('dynalite through the SDK adapter', async () => {
  const local = await startLocalKinesis()
  const port = dynamoFromSdk({
    endpoint: local.dynamodbUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  return {
    port,
    tearDown: async () => {
      port.close()
      await local.close()
    },
  }
})
