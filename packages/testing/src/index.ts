export type { SimulatedCreateStreamInput } from './kinesis/create-rules.ts'
export type { Fault, FaultHandle, FaultKind, SimulatedOperation } from './kinesis/faults.ts'
export type { SimulatedKinesisOptions, StoredRecordNotice } from './kinesis/options.ts'
export { type ShardRecord, SimulatedKinesis } from './kinesis/simulated-kinesis.ts'
export { runInVirtualTime, type VirtualRunOptions } from './time/run-in-virtual-time.ts'
export {
  VIRTUAL_EPOCH_MS,
  type VirtualRunLimits,
  VirtualTime,
  type VirtualTimeOptions,
} from './time/virtual-time.ts'
export { VirtualTimeError, type VirtualTimeFailure } from './time/virtual-time-error.ts'
