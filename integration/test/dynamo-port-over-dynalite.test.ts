/** The port's judge, over the wire: our SDK adapter against embedded dynalite. */
import { dynamoFromSdk } from '@millrace/core'
import { startLocalKinesis } from '@millrace/testing'
import { dynamoPortConformance } from '@millrace/testing/conformance'
import { capabilitiesOf } from '../harness/engine-differences.ts'

dynamoPortConformance(
  'SDK adapter over dynalite',
  async () => {
    const local = await startLocalKinesis()
    const port = dynamoFromSdk({
      endpoint: local.dynamodbUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    })
    return {
      port,
      capabilities: capabilitiesOf('dynalite'),
      tearDown: async () => {
        port.close()
        await local.close()
      },
    }
  },
  { describe, it, before, after },
)
