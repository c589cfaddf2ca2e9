/** What every implementation of the Kinesis ports must do, whatever it is made of. */
import { declareGroup } from './kinesis/group.ts'
import { declareLimitTests } from './kinesis/limit-tests.ts'
import { declareListTests } from './kinesis/list-tests.ts'
import { declarePutTests } from './kinesis/put-tests.ts'
import {
  declareIteratorExpiryTest,
  declareReadTests,
  EXPIRY_TEST_LIFETIME_MS,
} from './kinesis/read-tests.ts'
import { declareReshardTests } from './kinesis/reshard-tests.ts'
import type { KinesisDoorSetUp, SuiteFunctions } from './kinesis/suite.ts'

/**
 * Declares the conformance tests of `KinesisPort` and `KinesisAdminPort`. They know nothing of what
 * is behind the port and live in real or virtual time, so one suite judges the simulator, the SDK
 * adapters over HTTP, and a real account.
 *
 * @example
 * kinesisPortConformance('SimulatedKinesis', async (settings) => ({
 *   port: new SimulatedKinesis(settings),
 *   tearDown: async () => {},
 * }), { describe, it, before, after })
 * @public
 */
export function kinesisPortConformance(
  name: string,
  setUp: KinesisDoorSetUp,
  suite: SuiteFunctions,
): void {
  const free = { limits: false }
  suite.describe(`KinesisPort: ${name}`, () => {
    declareGroup(suite, setUp, { title: 'put', settings: free }, declarePutTests)
    declareGroup(suite, setUp, { title: 'read', settings: free }, declareReadTests)
    declareGroup(
      suite,
      setUp,
      {
        title: 'iterator lifetime',
        settings: { limits: false, iteratorLifetimeMs: EXPIRY_TEST_LIFETIME_MS },
        needs: 'iteratorLifetime',
      },
      declareIteratorExpiryTest,
    )
    declareGroup(suite, setUp, { title: 'ListShards', settings: free }, declareListTests)
    declareGroup(suite, setUp, { title: 'reshard', settings: free }, declareReshardTests)
    declareGroup(
      suite,
      setUp,
      { title: 'limits', settings: { limits: true }, needs: 'limits' },
      declareLimitTests,
    )
  })
}
