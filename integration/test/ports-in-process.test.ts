/** The ports' judges, through the AWS SDK: its clients, and request handlers instead of sockets. */
import { dynamoFromSdk, kinesisFromSdk, kinesisOverCbor } from '@millrace/core'
import {
  inProcessDynamo,
  inProcessKinesis,
  SimulatedDynamo,
  SimulatedKinesis,
} from '@millrace/testing'
import { dynamoPortConformance, kinesisPortConformance } from '@millrace/testing/conformance'

const CLIENT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}

for (const [name, factory] of [
  ['SDK adapter', kinesisFromSdk],
  ['CBOR adapter', kinesisOverCbor],
] as const) {
  kinesisPortConformance(
    `${name} over the simulated service, in process`,
    async (settings) => {
      const port = factory({
        ...CLIENT,
        requestHandler: inProcessKinesis(new SimulatedKinesis(settings)),
      })
      return { port, tearDown: async () => port.close() }
    },
    { describe, it, before, after },
  )
}

dynamoPortConformance(
  'SDK adapter over the simulated service, in process',
  async () => {
    const port = dynamoFromSdk({
      ...CLIENT,
      requestHandler: inProcessDynamo(new SimulatedDynamo()),
    })
    return { port, tearDown: async () => port.close() }
  },
  { describe, it, before, after },
)
