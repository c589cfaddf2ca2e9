/** Kinesis as a worker uses it: a refusal names the action and the stream, and is told of. */
import { isServiceError, type KinesisPort } from '@millrace/core'
import { kinesisAction, namedKinesisLack } from './kinesis-lack.ts'
import type { SetupWatch } from './setup-watch.ts'

export function watchedKinesis(
  port: KinesisPort,
  streamName: string,
  setup: Pick<SetupWatch, 'worked' | 'failed'>,
): KinesisPort {
  async function watched<R>(method: keyof KinesisPort, answer: Promise<R>): Promise<R> {
    try {
      const output = await answer
      setup.worked(kinesisAction(method))
      return output
    } catch (cause) {
      const named = namedKinesisLack(cause, method, streamName)
      // A refused iterator is a call that the service has let through.
      if (isServiceError(cause) && LET_THROUGH.has(cause.kind)) setup.worked(kinesisAction(method))
      else setup.failed(kinesisAction(method), named)
      throw named
    }
  }
  return {
    putRecords: (input, options) => watched('putRecords', port.putRecords(input, options)),
    getRecords: (input, options) => watched('getRecords', port.getRecords(input, options)),
    getShardIterator: (input, options) =>
      watched('getShardIterator', port.getShardIterator(input, options)),
    listShards: (input, options) => watched('listShards', port.listShards(input, options)),
    describeStreamSummary: (input, options) =>
      watched('describeStreamSummary', port.describeStreamSummary(input, options)),
  }
}

const LET_THROUGH: ReadonlySet<string> = new Set(['expired-iterator', 'expired-token'])
