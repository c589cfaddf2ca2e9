/** Calls that are measured: how long they took, and whether they did what they should. */
import { isServiceError, KinesisError, type KinesisPort } from '@millrace/core'
import { type ControlPlane, monotonicMs } from '@millrace/core/internal'
import type { ConsumerDimensions, ConsumerMeter, ConsumerMetricName } from './metric-names.ts'

type Dimensions = ConsumerDimensions & Readonly<Record<string, string>>
/** What stands before `Success` and `Time`. */
type MeasuredCall = ConsumerMetricName extends infer N
  ? N extends `${infer C}Time`
    ? C
    : never
  : never

export const INITIALIZE_TASK = [
  'RecordProcessor.initialize.',
  { Operation: 'InitializeTask' },
] as const
export const SHUTDOWN_TASK = ['RecordProcessor.shutdown.', { Operation: 'ShutdownTask' }] as const

/** Puts `<call>Time` and `<call>Success`; of a call that was given up, nothing. */
export async function measured<T>(
  meter: ConsumerMeter,
  call: MeasuredCall,
  dimensions: Dimensions,
  run: () => Promise<T>,
): Promise<T> {
  const startMs = monotonicMs()
  try {
    const value = await run()
    tell(meter, call, dimensions, startMs, 1)
    return value
  } catch (cause) {
    if (!wasGivenUp(cause)) tell(meter, call, dimensions, startMs, 0)
    throw cause
  }
}

function tell(
  meter: ConsumerMeter,
  call: MeasuredCall,
  dimensions: Dimensions,
  startMs: number,
  success: 0 | 1,
): void {
  meter.put(`${call}Time`, monotonicMs() - startMs, 'Milliseconds', dimensions)
  meter.put(`${call}Success` as ConsumerMetricName, success, 'Count', dimensions)
}

function wasGivenUp(cause: unknown): boolean {
  if (isServiceError(cause)) return cause.kind === 'aborted'
  return KinesisError.isKinesisError(cause) && cause.code === 'ERR_KINESIS_ABORTED'
}

/** The reads of one shard. KCL: `KinesisDataFetcher`. */
export function measuredReads(
  kinesis: Pick<KinesisPort, 'getRecords'>,
  control: Pick<ControlPlane, 'shardIterator' | 'listShards'>,
  meter: ConsumerMeter,
  shardId: string,
): {
  readonly kinesis: Pick<KinesisPort, 'getRecords'>
  readonly control: Pick<ControlPlane, 'shardIterator' | 'listShards'>
} {
  const dimensions = { Operation: 'ProcessTask', ShardId: shardId } as const
  return {
    kinesis: {
      getRecords: (input, options) =>
        measured(meter, 'KinesisDataFetcher.getRecords.', dimensions, () =>
          kinesis.getRecords(input, options),
        ).catch((cause: unknown) => {
          if (isServiceError(cause) && cause.kind === 'expired-iterator') {
            meter.put('ExpiredIterator', 1, 'Count', { Operation: 'ProcessTask' })
          }
          throw cause
        }),
    },
    control: {
      shardIterator: (input, signal) =>
        measured(meter, 'KinesisDataFetcher.getShardIterator.', dimensions, () =>
          control.shardIterator(input, signal),
        ),
      listShards: (filter, signal) => control.listShards(filter, signal),
    },
  }
}
