/** KinesisPort whose PutRecords and GetRecords go around the SDK's serializer and middleware. */
import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { CborWriter } from '../cbor/cbor-writer.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type {
  GetRecordsInput,
  GetRecordsOutput,
  PutRecordsInput,
  PutRecordsOutput,
} from '../ports/kinesis.ts'
import { AwsAnswerError, type HttpAnswer, readAnswer } from './aws-answer.ts'
import { BodyBuffers } from './body-buffers.ts'
import { type DataOperation, GET_RECORDS, PUT_RECORDS } from './data-operation.ts'
import { type Endpoint, RequestSigning, type SignedRequest } from './request-signing.ts'
import { type SdkSendOptions, sdkCall } from './sdk-call.ts'
import type { LazySdkClient } from './sdk-client.ts'
import { dataPool, type SdkKinesis, SdkKinesisAdapter } from './sdk-kinesis.ts'
import {
  type AwsClientOptions,
  type ResolvedAwsClientOptions,
  resolveAwsClientOptions,
} from './sdk-options.ts'
import { wholeBody } from './whole-body.ts'
import { type WireFormat, WireFormatChoice } from './wire-format-choice.ts'

/**
 * Amazon Kinesis as `kinesisFromSdk`, but PutRecords and GetRecords cost a third of the CPU: they
 * are written and read here, in CBOR as the Java SDK has it, and go around the SDK's serializer and
 * middleware. The data of records that are read are views of the answer, not copies: who keeps one
 * keeps the page it came in. What producers and consumers use unless they are given a client.
 *
 * Region, endpoint, credentials and their refresh, signature, clock correction, sockets, proxies
 * (`requestHandler`), time-outs and errors are those of the SDK client that makes the other calls.
 * An endpoint that does not understand CBOR, as some emulators, gets JSON from then on. A request
 * that was refused whole for its format, for a wrong clock or for an expired token is sent once
 * more, put right, within the same call.
 *
 * @example
 * const producer = new Producer({ stream: 'orders', client: kinesisOverCbor({ region: 'eu-west-1' }) })
 * @throws InvalidOptionError
 * @public
 */
export function kinesisOverCbor(options?: AwsClientOptions): SdkKinesis {
  const resolved = resolveAwsClientOptions('', options)
  return new CborKinesis(resolved, dataPool(resolved))
}

/** A format, a clock and a token can be wrong; what then still is, fails. */
const MAX_SENDS = 4
/** Below it, a buffer anew costs nothing. */
const LEAST_REUSED_BYTES = 4096
const CONTENT_TYPES: Readonly<Record<WireFormat, string>> = {
  cbor: 'application/x-amz-cbor-1.1',
  json: 'application/x-amz-json-1.1',
}

class CborKinesis extends SdkKinesisAdapter {
  readonly #data: LazySdkClient<KinesisClient>
  readonly #timeoutMs: number
  /** None with a handler of the user's, which may keep the bodies that it sees. */
  readonly #buffers: BodyBuffers | undefined
  /** By operation and URL: an emulator may read CBOR for the one and break on it for the other. */
  readonly #formats = new Map<string, WireFormatChoice>()
  #signing: RequestSigning | undefined

  constructor(options: ResolvedAwsClientOptions, data: LazySdkClient<KinesisClient>) {
    super(options, data)
    this.#data = data
    this.#timeoutMs = options.requestTimeoutMs
    this.#buffers = options.requestHandler === undefined ? new BodyBuffers() : undefined
  }

  override putRecords(input: PutRecordsInput, options?: CallOptions): Promise<PutRecordsOutput> {
    return this.#call(PUT_RECORDS, input, options)
  }

  override getRecords(input: GetRecordsInput, options?: CallOptions): Promise<GetRecordsOutput> {
    return this.#call(GET_RECORDS, input, options)
  }

  #call<I extends object, O extends object>(
    operation: DataOperation<I, O>,
    input: I,
    options: CallOptions | undefined,
  ): Promise<O> {
    return sdkCall(operation.name, options, this.#timeoutMs, (sendOptions) =>
      this.#send(operation, input, sendOptions),
    )
  }

  async #send<I extends object, O extends object>(
    operation: DataOperation<I, O>,
    input: I,
    options: SdkSendOptions,
  ): Promise<O> {
    const client = this.#data.get(operation.name)
    this.#signing ??= new RequestSigning(client.config)
    const signing = this.#signing
    const endpoint = await signing.endpointFor(operation, input)
    const choice = this.#formatFor(`${operation.name} ${endpoint.url.href}`)
    for (let sends = 1; ; sends++) {
      const { format } = choice
      const exchange = { client, endpoint, format, options }
      const { answer, signed } = await this.#exchange(operation, input, exchange)
      signing.noteClock(answer.headers)
      const { traits, result } = readAnswer(answer, operation.output)
      const isRefused = choice.note(format, traits)
      if (!(result instanceof AwsAnswerError)) return result
      if (sends === MAX_SENDS || !(isRefused || (await signing.mend(result, signed)))) throw result
    }
  }

  async #exchange<I extends object>(
    operation: DataOperation<I, unknown>,
    input: I,
    { client, endpoint, format, options }: Exchange,
  ): Promise<{ readonly answer: HttpAnswer; readonly signed: SignedRequest }> {
    const writer = format === 'cbor' ? this.#write(operation, input) : undefined
    const sent = writer?.bytes ?? operation.json(input)
    const signing = this.#signing as RequestSigning
    const signed = await signing.sign(operation.name, endpoint, CONTENT_TYPES[format], sent)
    const { response }: { readonly response: HandlerResponse } =
      await client.config.requestHandler.handle(signed.request, options)
    const headers = lowerCased(response.headers)
    const body = await wholeBody(client.config, response.body, headers['content-length'])
    const answer = { statusCode: response.statusCode, headers, body }
    // Answered with a result, the request was read to its end: nobody holds its bytes any more.
    if (writer !== undefined && answer.statusCode === 200) this.#giveBack(writer.buffer)
    return { answer, signed }
  }

  #write<I>(operation: DataOperation<I, unknown>, input: I): CborWriter {
    const bytes = operation.expectedBytes(input)
    const buffers = bytes < LEAST_REUSED_BYTES ? undefined : this.#buffers
    const writer = new CborWriter(buffers?.take(bytes) ?? Buffer.allocUnsafe(bytes))
    operation.write(writer, input)
    return writer
  }

  #giveBack(buffer: Buffer): void {
    if (buffer.length >= LEAST_REUSED_BYTES) this.#buffers?.give(buffer)
  }

  #formatFor(key: string): WireFormatChoice {
    let choice = this.#formats.get(key)
    if (choice === undefined) {
      choice = new WireFormatChoice()
      this.#formats.set(key, choice)
    }
    return choice
  }
}

/** One way there and back. */
interface Exchange {
  readonly client: KinesisClient
  readonly endpoint: Endpoint
  readonly format: WireFormat
  readonly options: SdkSendOptions
}

/** What a request handler brings; the SDK leaves it open. */
interface HandlerResponse {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

function lowerCased(headers: Readonly<Record<string, string>>): HttpAnswer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
