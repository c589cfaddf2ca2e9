/** The ports' judge, over the wire: PutRecords in CBOR, and in JSON where CBOR is refused. */
import { kinesisOverCbor } from '@millrace/core'
import { startLocalKinesis } from '@millrace/testing'
import { kinesisPortConformance } from '@millrace/testing/conformance'

kinesisPortConformance(
  'CBOR adapter over the HTTP door',
  async (settings) => {
    const local = await startLocalKinesis(settings)
    const port = kinesisOverCbor({
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
