/** The ports' judge, over the wire: our SDK adapters against the HTTP door. */
import { kinesisFromSdk } from '@millrace/core'
import { startLocalKinesis } from '@millrace/testing'
import { kinesisPortConformance } from '@millrace/testing/conformance'

kinesisPortConformance(
  'SDK adapter over the HTTP door',
  async (settings) => {
    const local = await startLocalKinesis(settings)
    const port = kinesisFromSdk({
      endpoint: local.kinesisUrl,
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
  },
  { describe, it, before, after },
)
