/** One request of the AWS protocol -> one answer; knows neither sockets nor HTTP versions. */
import { type CallOptions, isServiceError, type ServiceError } from '@millrace/core'
import { nowMs as systemNowMs, systemRandom } from '@millrace/core/internal'
import { checkSignatureTime } from './signature-time.ts'
import { serializationError, WireError } from './wire-error.ts'
import type { WireFormat } from './wire-format.ts'
import type { WireProtocol } from './wire-protocol.ts'

export interface WireRequest {
  readonly target: string | undefined
  readonly contentType: string | undefined
  readonly authorization: string | undefined
  /** Header `x-amz-date`; left out, the time of the signature is not checked. */
  readonly signedAt?: string | undefined
  /** Undefined when it was over the size that the door takes. */
  readonly body: Buffer | undefined
}

export interface WireAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/** What a port that reports an unreadable answer has had from its service. */
const BROKEN_BODY = '{"Rec'

export const MAX_BODY_BYTES: number = 16 * 1024 * 1024

/** No answer comes: the connection breaks, or stays silent. */
export interface LostAnswer {
  readonly lost: ServiceError
}

export interface AnswerOptions {
  /** For the port. */
  readonly call?: CallOptions | undefined
  /** The service's clock, for the header `Date`. @default the system's */
  readonly nowMs?: (() => number) | undefined
}

export async function answerRequest(
  protocol: WireProtocol,
  request: WireRequest,
  { call, nowMs = systemNowMs }: AnswerOptions = {},
): Promise<WireAnswer | LostAnswer> {
  const format = protocol.formatFor(request.contentType)
  try {
    return await callService(protocol, request, format, call, nowMs)
  } catch (error) {
    return answerError(protocol, format ?? protocol.defaultFormat, error, nowMs)
  }
}

async function callService(
  protocol: WireProtocol,
  request: WireRequest,
  format: WireFormat | undefined,
  options: CallOptions | undefined,
  nowMs: () => number,
): Promise<WireAnswer> {
  const operation = protocol.operationFor(request.target)
  if (operation === undefined) {
    throw new WireError(
      'UnknownOperationException',
      `${request.target ?? 'A request without x-amz-target'} is not served here.`,
    )
  }
  if (format === undefined) {
    throw serializationError(`Content type ${request.contentType ?? '(none)'} is not served here.`)
  }
  if (request.authorization === undefined) {
    throw new WireError(
      'MissingAuthenticationTokenException',
      'The request is not signed (any key will do here).',
    )
  }
  if (request.signedAt !== undefined) checkSignatureTime(request.signedAt, nowMs())
  if (request.body === undefined) {
    throw new WireError(
      'RequestEntityTooLargeException',
      `The body is over ${MAX_BODY_BYTES} bytes.`,
      413,
    )
  }
  return answerOutput(format, await operation(format, format.parse(request.body), options), nowMs)
}

/** `serviceTimeMs` is the port's name for the `Date` header. */
function answerOutput(format: WireFormat, output: unknown, nowMs: () => number): WireAnswer {
  if (output === undefined) return wireAnswer(format, 200, '', nowMs())
  const { serviceTimeMs, ...members } = output as { readonly serviceTimeMs?: number }
  return wireAnswer(format, 200, format.write(members), serviceTimeMs ?? nowMs())
}

function answerError(
  protocol: WireProtocol,
  format: WireFormat,
  error: unknown,
  nowMs: () => number,
): WireAnswer | LostAnswer {
  const answer = (statusCode: number, awsName: string, message: string, item?: object) =>
    errorAnswer(format, statusCode, awsName, nowMs(), {
      __type: protocol.errorType(awsName),
      message,
      Item: item,
    })
  if (error instanceof WireError) return answer(error.statusCode, error.awsName, error.message)
  if (!isServiceError(error)) {
    // A defect of the service behind the door: say so, as loudly as a real one would.
    return answer(500, 'InternalFailure', String(error))
  }
  if (error.kind === 'network' || error.kind === 'aborted') return { lost: error }
  if (error.awsName === 'UnreadableAnswer') return wireAnswer(format, 200, BROKEN_BODY, nowMs())
  return answer(statusOf(error), error.awsName, messageOf(error), error.item)
}

function errorAnswer(
  format: WireFormat,
  statusCode: number,
  awsName: string,
  dateMs: number,
  body: object,
): WireAnswer {
  const answer = wireAnswer(format, statusCode, format.write(body), dateMs)
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': awsName } }
}

function wireAnswer(
  format: WireFormat,
  statusCode: number,
  body: string | Buffer,
  dateMs: number,
): WireAnswer {
  return {
    statusCode,
    body,
    headers: {
      'content-type': format.contentType,
      'content-length': String(Buffer.byteLength(body)),
      date: new Date(dateMs).toUTCString(),
      'x-amzn-requestid': systemRandom.uuid(),
    },
  }
}

function statusOf(error: ServiceError): number {
  if (error.kind !== 'transient') return 400
  return error.awsName.startsWith('ServiceUnavailable') ? 503 : 500
}

/** The service's own words, without the call and the name that ServiceError puts before them. */
function messageOf(error: ServiceError): string {
  const prefix = `${error.operation}: ${error.awsName}: `
  return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message
}
