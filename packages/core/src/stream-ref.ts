/** How a user names a stream: by name, by ARN, or by ARN plus stream id. */
import { InvalidOptionError } from './errors.ts'
import { type OptionRules, optional, resolveOptions, showValue, text } from './options.ts'
import type { StreamInput } from './ports/kinesis.ts'

/** A stream name, a stream ARN, or an ARN with the id the service reserves for later use. @public */
export type StreamRef = string | { readonly arn: string; readonly streamId?: string | undefined }

/** A checked stream reference. */
export interface ResolvedStreamRef {
  readonly streamName: string
  readonly streamArn: string | undefined
  readonly streamId: string | undefined
  readonly region: string | undefined
}

const NAME = /^[a-zA-Z0-9_.-]{1,128}$/
const ARN = /^arn:aws[a-z0-9-]*:kinesis:([a-z0-9-]+):([0-9]{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/
const NAME_HINT =
  'Use 1 to 128 letters, digits, "_", "." or "-", or the whole ARN (arn:aws:kinesis:REGION:ACCOUNT:stream/NAME).'
const RULES: OptionRules<{ arn: string; streamId: string | undefined }> = {
  arn: text({ pattern: ARN, expects: 'a stream ARN (arn:aws:kinesis:REGION:ACCOUNT:stream/NAME)' }),
  streamId: optional(text({ pattern: /./, expects: 'the id of the stream' })),
}

/** @throws InvalidOptionError for a name or ARN that the service would refuse */
export function resolveStreamRef(option: string, ref: unknown): ResolvedStreamRef {
  if (typeof ref === 'string') {
    if (ref.startsWith('arn:')) return fromArn(option, ref, undefined)
    if (!NAME.test(ref)) throw invalid(option, ref)
    return { streamName: ref, streamArn: undefined, streamId: undefined, region: undefined }
  }
  if (typeof ref !== 'object' || ref === null) throw invalid(option, ref)
  const { arn, streamId } = resolveOptions(option, ref, RULES)
  return fromArn(option, arn, streamId)
}

/** What goes into a request: the ARN when known, else the name; and the id, if one is given. */
export function streamInput({ streamName, streamArn, streamId }: ResolvedStreamRef): StreamInput {
  if (streamArn === undefined) return { StreamName: streamName }
  return streamId === undefined
    ? { StreamARN: streamArn }
    : { StreamARN: streamArn, StreamId: streamId }
}

function fromArn(option: string, arn: string, streamId: string | undefined): ResolvedStreamRef {
  const match = ARN.exec(arn)
  const streamName = match?.[3]
  if (streamName === undefined) throw invalid(option, arn)
  return { streamName, streamArn: arn, streamId, region: match?.[1] }
}

function invalid(option: string, value: unknown): InvalidOptionError {
  return new InvalidOptionError(option, `${option} is ${showValue(value)}`, NAME_HINT)
}
