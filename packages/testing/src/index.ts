export type { DynamoFault, DynamoFaultKind } from './dynamo/faults.ts'
export type { AppliedWrite, CallOrigin, SimulatedDynamoOptions } from './dynamo/options.ts'
export { SimulatedDynamo } from './dynamo/simulated-dynamo.ts'
export type { SimulatedTableSettings } from './dynamo/table.ts'
export type { SimulatedCreateStreamInput } from './kinesis/create-rules.ts'
export type { Fault, FaultHandle, FaultKind, SimulatedOperation } from './kinesis/faults.ts'
export type { SimulatedKinesisOptions, StoredRecordNotice } from './kinesis/options.ts'
export { type ShardRecord, SimulatedKinesis } from './kinesis/simulated-kinesis.ts'
export {
  type LocalKinesis,
  type LocalKinesisOptions,
  type LocalStream,
  startLocalKinesis,
} from './local-kinesis.ts'
export {
  type InProcessOptions,
  type InProcessRequest,
  type InProcessRequestHandler,
  type InProcessResponse,
  inProcessDynamo,
  inProcessKinesis,
} from './sdk/in-process-handler.ts'
export type { FaultRates, ServiceFaults, SimulatedFaults } from './simulate/faults.ts'
export type { LostWay } from './simulate/network.ts'
export type { Violation } from './simulate/recorder.ts'
export {
  type SimulateOptions,
  type SimulationResult,
  simulate,
} from './simulate/simulate.ts'
export type { ProcessHandle, SimulatedProcess } from './simulate/simulated-process.ts'
export type { SimulatedWorld, SpawnOptions, WaitOptions } from './simulate/world.ts'
export { runInVirtualTime, type VirtualRunOptions } from './time/run-in-virtual-time.ts'
export { SeededRandom } from './time/seeded-random.ts'
export {
  type UntilOptions,
  VIRTUAL_EPOCH_MS,
  type VirtualRunLimits,
  VirtualTime,
  type VirtualTimeOptions,
} from './time/virtual-time.ts'
export { VirtualTimeError, type VirtualTimeFailure } from './time/virtual-time-error.ts'
