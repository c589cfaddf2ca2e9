/** Conformance suites: one for each port, to run on every implementation of it. */
export type {
  KinesisDoor,
  KinesisDoorCapabilities,
  KinesisDoorSettings,
  KinesisDoorSetUp,
  SuiteFunctions,
  TestContext,
} from './kinesis/suite.ts'
export { kinesisPortConformance } from './kinesis-port.ts'
