/** What the calls of one simulated Kinesis share. */
import type { FaultBook } from './faults.ts'
import type { ResolvedSimulatedKinesisOptions } from './options.ts'
import type { Sealer } from './sealed-text.ts'
import type { StreamDirectory } from './stream-directory.ts'

export interface SimulatedAccount {
  readonly options: ResolvedSimulatedKinesisOptions
  readonly streams: StreamDirectory
  readonly sealer: Sealer
  readonly faults: FaultBook
}
