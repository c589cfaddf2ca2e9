/** One request of the AWS protocol -> one answer; knows neither sockets nor HTTP versions. */
import { isServiceError, type ServiceError } from '@millrace/core'
import { nowMs, systemRandom } from '@millrace/core/internal'
import { type KinesisService, operationFor } from './operations.ts'
import { readShape } from './shape.ts'
import { serializationError, WireError } from './wire-error.ts'
import type { WireFormat } from './wire-format.ts'
import { defaultFormat, wireFormatFor } from './wire-formats.ts'

export interface WireRequest {
  readonly target: string | undefined
  readonly contentType: string | undefined
  readonly authorization: string | undefined
  /** Undefined when it was over the size that the door takes. */
  readonly body: Buffer | undefined
}

export interface WireAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

export const MAX_BODY_BYTES: number = 16 * 1024 * 1024

/** @returns undefined when the reply is to be lost: the connection must be cut */
export async function answerRequest(
  service: KinesisService,
  request: WireRequest,
): Promise<WireAnswer | undefined> {
  const format = wireFormatFor(request.contentType)
  try {
    return await callService(service, request, format)
  } catch (error) {
    return answerError(format ?? defaultFormat, error)
  }
}

async function callService(
  service: KinesisService,
  request: WireRequest,
  format: WireFormat | undefined,
): Promise<WireAnswer> {
  const found = operationFor(request.target)
  if (found === undefined) {
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
  if (request.body === undefined) {
    throw new WireError(
      'RequestEntityTooLargeException',
      `The body is over ${MAX_BODY_BYTES} bytes.`,
      413,
    )
  }
  const input = readShape(format, found.operation.input, format.parse(request.body), '')
  const output = await found.operation.call(service, input)
  return answerOutput(format, output)
}

/** `serviceTimeMs` is the port's name for the `Date` header. */
function answerOutput(format: WireFormat, output: unknown): WireAnswer {
  if (output === undefined) return wireAnswer(format, 200, '', nowMs())
  const { serviceTimeMs, ...members } = output as { readonly serviceTimeMs?: number }
  return wireAnswer(format, 200, format.write(members), serviceTimeMs ?? nowMs())
}

function answerError(format: WireFormat, error: unknown): WireAnswer | undefined {
  if (error instanceof WireError) {
    return errorAnswer(format, error.statusCode, error.awsName, error.message)
  }
  if (!isServiceError(error)) {
    // A defect of the service behind the door: say so, as loudly as a real one would.
    return errorAnswer(format, 500, 'InternalFailure', String(error))
  }
  if (error.kind === 'network' || error.kind === 'aborted') return undefined
  return errorAnswer(format, statusOf(error), error.awsName, messageOf(error))
}

function errorAnswer(
  format: WireFormat,
  statusCode: number,
  awsName: string,
  message: string,
): WireAnswer {
  const answer = wireAnswer(format, statusCode, format.write({ __type: awsName, message }), nowMs())
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
