import { SimulatedDynamo } from '@millrace/testing'
import { dynamoPortConformance } from '@millrace/testing/conformance'
import { after, before, describe, it } from 'mocha'

dynamoPortConformance(
  'SimulatedDynamo',
  async () => ({ port: new SimulatedDynamo(), tearDown: async () => {} }),
  { describe, it, before, after },
)

dynamoPortConformance(
  'SimulatedDynamo, slow and lagging',
  async () => ({
    port: new SimulatedDynamo({
      statusChangeMs: 15,
      indexLagMs: () => 10,
      readLagMs: () => 10,
      returnsOldItemOnFailedCondition: false,
    }),
    capabilities: { oldItemOnFailedCondition: false },
    tearDown: async () => {},
  }),
  { describe, it, before, after },
)
