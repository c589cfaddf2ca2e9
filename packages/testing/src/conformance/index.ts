/** Conformance suites: one for each port, to run on every implementation of it. */
export { comparableItem } from './dynamo/comparable.ts'
export type { DynamoDoor, DynamoDoorCapabilities, DynamoDoorSetUp } from './dynamo/suite.ts'
export { dynamoPortConformance } from './dynamo-port.ts'
export type {
  KinesisDoor,
  KinesisDoorCapabilities,
  KinesisDoorSettings,
  KinesisDoorSetUp,
  SuiteFunctions,
  TestContext,
} from './kinesis/suite.ts'
export { kinesisPortConformance } from './kinesis-port.ts'
