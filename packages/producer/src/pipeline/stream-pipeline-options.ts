/** What a stream's pipeline is given: the stream, what the producer's streams share, and who is told. */
import type { Codec, KinesisPort, StreamRef } from '@millrace/core'
import type { ResolvedStreamRef } from '@millrace/core/internal'
import type { UserRecordFailedError } from '../errors.ts'
import type { ResolvedProducerOptions } from '../options.ts'
import type { Backpressure } from './backpressure.ts'
import type { OutstandingRecord } from './outstanding-record.ts'
import type { RequestSlots } from './request-slots.ts'
import type { StreamRules } from './stream-rules.ts'
import type { StuckLanes } from './stuck-lanes.ts'

export interface StreamPipelineOptions {
  /** As the user wrote it. */
  readonly streamRef: StreamRef
  readonly stream: ResolvedStreamRef
  readonly rules: StreamRules
  readonly settings: ResolvedProducerOptions
  readonly client: KinesisPort
  /** Shared by all streams of the producer. */
  readonly slots: RequestSlots
  readonly backpressure: Backpressure
  /** Shared by all streams of the producer. */
  readonly stuckLanes: StuckLanes
  /** Ends requests on the way. */
  readonly signal: AbortSignal
  readonly lost: (
    streamRef: StreamRef,
    record: OutstandingRecord,
    error: UserRecordFailedError,
    codec: Codec<unknown> | undefined,
  ) => void
  readonly throttled: (streamName: string, shardId: string) => void
  readonly troubled: (error: Error) => void
  /** Trouble that the log knows already: for listeners only. */
  readonly mapTroubled: (error: Error) => void
}
