export { runInVirtualTime, type VirtualRunOptions } from './time/run-in-virtual-time.ts'
export {
  VIRTUAL_EPOCH_MS,
  type VirtualRunLimits,
  VirtualTime,
  type VirtualTimeOptions,
} from './time/virtual-time.ts'
export { VirtualTimeError, type VirtualTimeFailure } from './time/virtual-time-error.ts'
