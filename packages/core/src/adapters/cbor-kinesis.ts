/** KinesisPort whose PutRecords goes around the SDK's serializer and middleware; the rest is the SDK's. */
import { isUint8Array } from 'node:util/types'
import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { CborWriter } from '../cbor/cbor-writer.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { PutRecordsInput, PutRecordsOutput } from '../ports/kinesis.ts'
import { BodyBuffers } from './body-buffers.ts'
import { type HttpAnswer, PutRecordsError, readPutRecordsAnswer } from './put-records-answer.ts'
import { expectedBytes, putRecordsJson, writePutRecords } from './put-records-body.ts'
import { type Endpoint, RequestSigning, type SignedRequest } from './request-signing.ts'
import { type SdkSendOptions, sdkCall } from './sdk-call.ts'
import type { LazySdkClient } from './sdk-client.ts'
import { dataPool, type SdkKinesis, SdkKinesisAdapter } from './sdk-kinesis.ts'
import {
  type AwsClientOptions,
  type ResolvedAwsClientOptions,
  resolveAwsClientOptions,
} from './sdk-options.ts'
import { type WireFormat, WireFormatChoice } from './wire-format-choice.ts'

/**
 * Amazon Kinesis as `kinesisFromSdk`, but PutRecords costs a third of the CPU: its requests are
 * written here, in CBOR as the Java SDK sends, and go around the SDK's serializer and middleware.
 * What producers use unless they are given a client.
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
const CONTENT_TYPES: Readonly<Record<WireFormat, string>> = {
  cbor: 'application/x-amz-cbor-1.1',
  json: 'application/x-amz-json-1.1',
}

class CborKinesis extends SdkKinesisAdapter {
  readonly #data: LazySdkClient<KinesisClient>
  readonly #timeoutMs: number
  /** None with a handler of the user's, which may keep the bodies that it sees. */
  readonly #buffers: BodyBuffers | undefined
  /** By URL: one for each account, where endpoints are by account. */
  readonly #formats = new Map<string, WireFormatChoice>()
  #signing: RequestSigning | undefined

  constructor(options: ResolvedAwsClientOptions, data: LazySdkClient<KinesisClient>) {
    super(options, data)
    this.#data = data
    this.#timeoutMs = options.requestTimeoutMs
    this.#buffers = options.requestHandler === undefined ? new BodyBuffers() : undefined
  }

  override putRecords(input: PutRecordsInput, options?: CallOptions): Promise<PutRecordsOutput> {
    return sdkCall('PutRecords', options, this.#timeoutMs, (sendOptions) =>
      this.#putRecords(input, sendOptions),
    )
  }

  async #putRecords(input: PutRecordsInput, options: SdkSendOptions): Promise<PutRecordsOutput> {
    const client = this.#data.get('PutRecords')
    this.#signing ??= new RequestSigning(client.config)
    const signing = this.#signing
    const endpoint = await signing.endpointFor(input)
    const choice = this.#formatFor(endpoint)
    for (let sends = 1; ; sends++) {
      const { format } = choice
      const { answer, signed } = await this.#exchange(client, endpoint, format, input, options)
      signing.noteClock(answer.headers)
      const { traits, result } = readPutRecordsAnswer(answer)
      const isRefused = choice.note(format, traits)
      if (!(result instanceof PutRecordsError)) return result
      if (sends === MAX_SENDS || !(isRefused || (await signing.mend(result, signed)))) throw result
    }
  }

  async #exchange(
    client: KinesisClient,
    endpoint: Endpoint,
    format: WireFormat,
    input: PutRecordsInput,
    options: SdkSendOptions,
  ): Promise<{ readonly answer: HttpAnswer; readonly signed: SignedRequest }> {
    const writer = format === 'cbor' ? this.#write(input) : undefined
    const body = writer?.bytes ?? putRecordsJson(input)
    const signing = this.#signing as RequestSigning
    const signed = await signing.sign(endpoint, CONTENT_TYPES[format], body)
    const { response }: { readonly response: HandlerResponse } =
      await client.config.requestHandler.handle(signed.request, options)
    const answer = {
      statusCode: response.statusCode,
      headers: lowerCased(response.headers),
      body: await collect(client, response.body),
    }
    // Answered with a result, the request was read to its end: nobody holds its bytes any more.
    if (writer !== undefined && answer.statusCode === 200) this.#buffers?.give(writer.buffer)
    return { answer, signed }
  }

  #write(input: PutRecordsInput): CborWriter {
    const bytes = expectedBytes(input)
    const writer = new CborWriter(this.#buffers?.take(bytes) ?? Buffer.allocUnsafe(bytes))
    writePutRecords(writer, input)
    return writer
  }

  #formatFor({ url }: Endpoint): WireFormatChoice {
    let choice = this.#formats.get(url.href)
    if (choice === undefined) {
      choice = new WireFormatChoice()
      this.#formats.set(url.href, choice)
    }
    return choice
  }
}

/** What a request handler brings; the SDK leaves it open. */
interface HandlerResponse {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

async function collect(client: KinesisClient, body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0)
  const bytes = isUint8Array(body) ? body : await client.config.streamCollector(body)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function lowerCased(headers: Readonly<Record<string, string>>): HttpAnswer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
