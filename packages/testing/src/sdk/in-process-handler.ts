/** Request handlers for AWS SDK v3 clients that end at a port in this process: no sockets, no wire. */
import type { DynamoPort, ServiceError } from '@millrace/core'
import { type AnswerOptions, answerRequest, MAX_BODY_BYTES } from '../http/answer.ts'
import { dynamoProtocol } from '../http/dynamo-operations.ts'
import { type KinesisService, kinesisProtocol } from '../http/operations.ts'
import type { WireProtocol } from '../http/wire-protocol.ts'

/** The part of an SDK request that is read. @public */
export interface InProcessRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** @public */
export interface InProcessResponse {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

/** For `requestHandler` of a client of AWS SDK v3. It holds nothing: destroy() does nothing. @public */
export interface InProcessRequestHandler {
  readonly metadata: { readonly handlerProtocol: string }
  handle(
    request: InProcessRequest,
    options?: { readonly abortSignal?: unknown; readonly requestTimeout?: number },
  ): Promise<{ response: InProcessResponse }>
  destroy(): void
  updateHttpClientConfig(): void
  httpHandlerConfigs(): Record<string, never>
}

/** @public */
export interface InProcessOptions {
  /**
   * The service's clock, epoch milliseconds: it dates the answers, and requests that were signed
   * more than 5 minutes from it are refused.
   *
   * @default the caller's
   */
  readonly nowMs?: (() => number) | undefined
}

/**
 * Kinesis for the SDK's own `KinesisClient`: requests are written, signed and answered as bytes,
 * and a port answers them. What the port rejects with becomes the JSON of an error, or, without an
 * answer (kinds `network` and `aborted`), the error that a socket would have given.
 *
 * In virtual time make one call before the run: the SDK reads configuration files at its first.
 *
 * @param port `SimulatedKinesis`, or the `kinesis` of a simulated process
 *
 * @example
 * const kinesis = new KinesisClient({
 *   region: 'us-east-1', credentials, requestHandler: inProcessKinesis(new SimulatedKinesis()),
 * })
 *
 * @public
 */
export function inProcessKinesis(
  port: KinesisService,
  options: InProcessOptions = {},
): InProcessRequestHandler {
  return new InProcessHandler(kinesisProtocol(port), options)
}

/**
 * DynamoDB for the SDK's own `DynamoDBClient`, as `inProcessKinesis`. Serves what `DynamoPort` has
 * and refuses any parameter beyond, by name.
 *
 * @param port `SimulatedDynamo`, or the `dynamo` of a simulated process
 *
 * @public
 */
export function inProcessDynamo(
  port: DynamoPort,
  options: InProcessOptions = {},
): InProcessRequestHandler {
  return new InProcessHandler(dynamoProtocol(port), options)
}

class InProcessHandler implements InProcessRequestHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' }
  readonly #protocol: WireProtocol
  readonly #nowMs: AnswerOptions['nowMs']

  constructor(protocol: WireProtocol, { nowMs }: InProcessOptions) {
    this.#protocol = protocol
    this.#nowMs = nowMs
  }

  async handle(
    { headers, body }: InProcessRequest,
    options: { readonly abortSignal?: unknown; readonly requestTimeout?: number } = {},
  ): Promise<{ response: InProcessResponse }> {
    const bytes = bytesOf(body)
    const answer = await answerRequest(
      this.#protocol,
      {
        target: headers['x-amz-target'],
        contentType: headers['content-type'],
        authorization: headers['authorization'],
        signedAt: headers['x-amz-date'],
        body: bytes.length > MAX_BODY_BYTES ? undefined : bytes,
      },
      {
        call: {
          signal: options.abortSignal as AbortSignal | undefined,
          // 0 is the SDK's word for none.
          timeoutMs: options.requestTimeout || undefined,
        },
        nowMs: this.#nowMs,
      },
    )
    if ('lost' in answer) throw socketError(answer.lost)
    const { statusCode } = answer
    return {
      response: { statusCode, headers: { ...answer.headers }, body: Buffer.from(answer.body) },
    }
  }

  destroy(): void {}
  updateHttpClientConfig(): void {}
  httpHandlerConfigs(): Record<string, never> {
    return {}
  }
}

/** The JSON protocols send text, or nothing. */
function bytesOf(body: unknown): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0)
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) {
    // A view: to copy what the SDK makes of bytes would call its text methods, which warn.
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  }
  throw new TypeError('The body of the request is neither text nor bytes')
}

/** Codes to which the SDK's own handler gives the name of a time-out. */
const NAMED_TIMEOUT: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

/** As the SDK's own handler throws it, so that the SDK and those above it judge for themselves. */
function socketError({ kind, awsName }: ServiceError): Error {
  if (kind === 'aborted') return named('AbortError', 'Request aborted')
  if (awsName === 'TimeoutError') return named('TimeoutError', 'The request timed out')
  const error = Object.assign(new Error(`read ${awsName}`), { code: awsName })
  return NAMED_TIMEOUT.has(awsName) ? Object.assign(error, { name: 'TimeoutError' }) : error
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}
