import { SimulatedKinesis } from '@millrace/testing'
import { kinesisPortConformance } from '@millrace/testing/conformance'
import { after, before, describe, it } from 'mocha'

kinesisPortConformance(
  'SimulatedKinesis in process',
  async (settings) => ({ port: new SimulatedKinesis(settings), tearDown: async () => {} }),
  { describe, it, before, after },
)
