/** The service's clock, from the `Date` header of an answer; SDK outputs do not carry headers. */
import type { KinesisClient } from '@aws-sdk/client-kinesis'

/** Keyed by the output object, so nothing is added to what the SDK made. */
const serviceTimes = new WeakMap<object, number>()

/** From now on `serviceTimeOf` knows the outputs of this client. */
export function recordServiceTime(stack: KinesisClient['middlewareStack']): void {
  stack.add(
    (next) => async (args) => {
      const result = await next(args)
      const timeMs = dateHeaderMs(result.response)
      if (timeMs !== undefined && result.output !== undefined) {
        serviceTimes.set(result.output, timeMs)
      }
      return result
    },
    // Before the SDK's deserializer in the same step, so that the output is there on the way back.
    { step: 'deserialize', name: 'millraceServiceTime', priority: 'high' },
  )
}

/** Epoch milliseconds, undefined when the answer had no readable `Date`. */
export function serviceTimeOf(output: object): number | undefined {
  return serviceTimes.get(output)
}

function dateHeaderMs(response: unknown): number | undefined {
  const headers = (response as { headers?: { date?: string } } | undefined)?.headers
  const timeMs = Date.parse(headers?.date ?? '')
  return Number.isNaN(timeMs) ? undefined : timeMs
}
