/** kinesisOverCbor against a server that answers what the test says, for its test files. */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { cbor } from '@smithy/core/cbor'
import { kinesisOverCbor } from '../../src/adapters/cbor-kinesis.ts'
import type { SdkKinesis } from '../../src/adapters/sdk-kinesis.ts'
import type { AwsClientOptions } from '../../src/adapters/sdk-options.ts'
import { isServiceError, type ServiceError } from '../../src/service-errors.ts'
import { ScriptedServer, type SeenRequest, TEST_CREDENTIALS } from './scripted-server.ts'

export const CBOR = 'application/x-amz-cbor-1.1'
export const JSON_1_1 = 'application/x-amz-json-1.1'
export const RECORD: { Data: Buffer; PartitionKey: string } = {
  Data: Buffer.from('CANARY-DATA'),
  PartitionKey: 'CANARY-PARTITION',
}
export const PUT: { StreamName: string; Records: (typeof RECORD)[] } = {
  StreamName: 'stream',
  Records: [RECORD],
}
export const STORED: object = {
  FailedRecordCount: 0,
  Records: [{ ShardId: 's', SequenceNumber: '1' }],
}

export const GET: { ShardIterator: string } = { ShardIterator: 'CANARY-ITERATOR' }

/** The calls that go around the SDK. */
export const DATA_CALLS: readonly (readonly [
  name: string,
  call: (kinesis: SdkKinesis) => Promise<unknown>,
])[] = [
  ['PutRecords', (kinesis) => kinesis.putRecords(PUT)],
  ['GetRecords', (kinesis) => kinesis.getRecords(GET)],
]

export type Reply = readonly [
  status: number,
  body: string | Uint8Array,
  headers: Record<string, string>,
]

export function reply(status: number, body: object, headers: Record<string, string> = {}): Reply {
  return [status, cbor.serialize(body), { 'content-type': CBOR, ...headers }]
}

export async function rejection(promise: Promise<unknown>): Promise<ServiceError> {
  const error = await promise.then(
    () => assert.fail('it did not reject'),
    (thrown: unknown) => thrown,
  )
  assert.ok(isServiceError(error), inspect(error))
  return error
}

export class CborRig {
  readonly server: ScriptedServer = new ScriptedServer()
  readonly #opened: SdkKinesis[] = []

  async setUp(): Promise<void> {
    await this.server.listen()
    this.answerWith(() => reply(200, STORED))
  }

  async tearDown(): Promise<void> {
    for (const kinesis of this.#opened) kinesis.close()
    await this.server.close()
  }

  open(options: AwsClientOptions = {}, make = kinesisOverCbor): SdkKinesis {
    const made = make({
      region: 'eu-west-3',
      endpoint: this.server.url,
      credentials: TEST_CREDENTIALS,
      ...options,
    })
    this.#opened.push(made)
    return made
  }

  answerWith(script: (request: SeenRequest) => Reply): void {
    this.server.answer = (request, response) => {
      const [status, body, headers] = script(request)
      response.writeHead(status, headers)
      response.end(body)
    }
  }

  contentTypes(): unknown[] {
    return this.server.requests.map((request) => request.headers['content-type'])
  }
}
