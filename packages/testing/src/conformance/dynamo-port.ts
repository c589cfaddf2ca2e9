/** What every implementation of the DynamoDB port must do, whatever it is made of. */
import { declareConditionTests } from './dynamo/condition-tests.ts'
import { declareGroup } from './dynamo/group.ts'
import { declarePageTests } from './dynamo/page-tests.ts'
import { declareRefusalTests } from './dynamo/refusal-tests.ts'
import type { DynamoDoorSetUp } from './dynamo/suite.ts'
import { declareTableTests } from './dynamo/table-tests.ts'
import { declareUpdateTests } from './dynamo/update-tests.ts'
import { declareValueTests } from './dynamo/value-tests.ts'
import type { SuiteFunctions } from './kinesis/suite.ts'

/**
 * Declares the conformance tests of `DynamoPort`. They know nothing of what is behind the port, so
 * one suite judges the simulator, the SDK adapter over any DynamoDB, and a real account.
 *
 * @example
 * dynamoPortConformance('SimulatedDynamo', async () => ({
 *   port: new SimulatedDynamo(),
 *   tearDown: async () => {},
 * }), { describe, it, before, after })
 * @public
 */
export function dynamoPortConformance(
  name: string,
  setUp: DynamoDoorSetUp,
  suite: SuiteFunctions,
): void {
  suite.describe(`DynamoPort: ${name}`, () => {
    declareGroup(suite, setUp, 'tables', declareTableTests)
    declareGroup(suite, setUp, 'items', declareValueTests)
    declareGroup(suite, setUp, 'conditions', declareConditionTests)
    declareGroup(suite, setUp, 'updates', declareUpdateTests)
    declareGroup(suite, setUp, 'expressions that are none', declareRefusalTests)
    declareGroup(suite, setUp, 'query and scan', declarePageTests)
  })
}
