/** The service answers what its model never would: lists that lag, replies that lack something. */
import type { kinesis } from '@millrace/core'
import type { SimulatedWorld } from '@millrace/testing'

interface Calls {
  readonly describeStreamSummary: readonly [
    kinesis.StreamInput,
    kinesis.DescribeStreamSummaryOutput,
  ]
  readonly putRecords: readonly [kinesis.PutRecordsInput, kinesis.PutRecordsOutput]
  readonly listShards: readonly [kinesis.ListShardsInput, kinesis.ListShardsOutput]
  readonly getShardIterator: readonly [
    kinesis.GetShardIteratorInput,
    kinesis.GetShardIteratorOutput,
  ]
  readonly getRecords: readonly [kinesis.GetRecordsInput, kinesis.GetRecordsOutput]
}

/** Answers a call, or throws a ServiceError; `ask` asks the model, of another input if one is given. */
export type Answer<M extends keyof Calls> = (
  input: Calls[M][0],
  ask: (other?: Calls[M][0]) => Promise<Calls[M][1]>,
) => Promise<Calls[M][1]>

/** From now on, for every caller, until it is cleared; one at a time for each method. */
export function alter<M extends keyof Calls>(
  { kinesis: model }: SimulatedWorld,
  method: M,
  answer: Answer<M>,
): { clear(): void } {
  const ask = model[method].bind(model) as (input: Calls[M][0]) => Promise<Calls[M][1]>
  const altered = (input: Calls[M][0]): Promise<Calls[M][1]> =>
    answer(input, (other) => ask(other ?? input))
  Object.assign(model, { [method]: altered })
  return { clear: () => void Object.assign(model, { [method]: ask }) }
}

/** Whose list it is, where the workers begin at the horizon: producers want open shards alone. */
export function isOfProducer({ ShardFilter }: kinesis.ListShardsInput): boolean {
  return ShardFilter?.Type === 'AT_LATEST'
}

/** Pages say nothing of children, as those of some emulators: only the list shows that a shard ended. */
export function withoutChildren(output: kinesis.GetRecordsOutput): kinesis.GetRecordsOutput {
  const { ChildShards: _left, ...rest } = output
  return rest
}

/** A shard that is closed, as a list that lags shows it. */
export function openLooking(shard: kinesis.ServiceShard): kinesis.ServiceShard {
  const { StartingSequenceNumber } = shard.SequenceNumberRange
  return { ...shard, SequenceNumberRange: { StartingSequenceNumber } }
}
