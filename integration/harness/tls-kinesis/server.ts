/**
 * A Kinesis endpoint over TLS, HTTP/2 and HTTP/1.1, JSON and CBOR, that is quick and says yes: it
 * checks signature and form of PutRecords requests and keeps nothing; other operations can be added. For programs that take no
 * other endpoint (KPL's native child), and for measuring clients.
 */
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { hashKeyOf, type ShardMap } from '@millrace/core'
import type { PutRecordsEntry } from '@millrace/core/internal'
import { type Certificate, selfSignedCertificate } from '../self-signed-certificate.ts'
import { writeCbor } from './cbor.ts'
import { readPutRecords } from './put-records.ts'
import { signatureFault } from './signature.ts'

export interface TlsKinesisOptions {
  readonly shardMap: ShardMap
  readonly secretAccessKey: string
  /** @default a new one */
  readonly certificate?: Certificate | undefined
  /**
   * A good PutRecords request; `shards[i]` is the index of the shard that took entry i. It may throw
   * a fault.
   *
   * @default refuses it
   */
  readonly put?:
    | ((entries: readonly PutRecordsEntry[], shards: readonly number[]) => void)
    | undefined
  /** Operations besides, or instead: the request's body to a result, or to its bytes. They may throw a fault. */
  readonly operations?: Readonly<Record<string, Operation>> | undefined
  readonly listed?: (() => void) | undefined
  /** A request was refused. */
  readonly fault: (what: string) => void
}

export type Operation = (contentType: string, body: Buffer) => object | Buffer

export interface TlsKinesis {
  readonly port: number
  readonly certificate: Certificate
  close(): void
}

const TARGET = /^Kinesis_20131202\.([A-Za-z]+)$/
/** Longer than any pause of a client that is to keep its connections. */
const KEEP_ALIVE_MS = 600_000
const FIRST_SEQUENCE_NUMBER =
  49_600_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000n

export async function startTlsKinesis(options: TlsKinesisOptions): Promise<TlsKinesis> {
  const certificate = options.certificate ?? selfSignedCertificate()
  const service = new Service(options)
  const server = createSecureServer({ ...certificate, allowHTTP1: true }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => service.answer(request, Buffer.concat(chunks), response))
  })
  server.setTimeout(0)
  // The types know the options of HTTP/1.1 on its own servers only.
  Object.assign(server, { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, headersTimeout: 0 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    certificate,
    close: () => {
      server.close()
    },
  }
}

class Service {
  readonly #options: TlsKinesisOptions
  #sequenceNumber = FIRST_SEQUENCE_NUMBER

  constructor(options: TlsKinesisOptions) {
    this.#options = options
  }

  answer(request: Http2ServerRequest, body: Buffer, response: Http2ServerResponse): void {
    const contentType = String(request.headers['content-type'])
    try {
      const { method, url: path, headers } = request
      const fault = signatureFault({ method, path, headers, body }, this.#options.secretAccessKey)
      if (fault !== undefined) throw new Error(fault)
      const operation = TARGET.exec(String(headers['x-amz-target']))?.[1] ?? ''
      const result = this.#result(operation, contentType, body)
      response.setHeader('content-type', contentType)
      response.setHeader('x-amzn-requestid', '00000000-0000-0000-0000-000000000000')
      const bytes = bytesOf(result, contentType)
      response.setHeader('content-length', bytes.length)
      response.end(bytes)
    } catch (error) {
      this.#options.fault(error instanceof Error ? error.message : String(error))
      response.statusCode = 400
      response.setHeader('content-type', 'application/x-amz-json-1.1')
      response.end('{"__type":"ValidationException","message":"see the server"}')
    }
  }

  #result(operation: string, contentType: string, body: Buffer): object | Buffer {
    const own = this.#options.operations?.[operation]
    if (own !== undefined) return own(contentType, body)
    switch (operation) {
      case 'PutRecords':
        return this.#put(readPutRecords(contentType, body).Records)
      case 'ListShards':
        this.#options.listed?.()
        return { Shards: this.#shards() }
      case 'DescribeStreamSummary':
        return { StreamDescriptionSummary: this.#summary() }
      default:
        throw new Error(`operation "${operation}"`)
    }
  }

  #put(entries: readonly PutRecordsEntry[]): object {
    const { shardMap, put } = this.#options
    if (put === undefined) throw new Error('PutRecords')
    const shards = entries.map(({ PartitionKey = '', ExplicitHashKey }) => {
      const shard = shardMap.shardFor(hashKeyOf(PartitionKey, ExplicitHashKey))
      if (shard === undefined) throw new Error(`hash key ${ExplicitHashKey}`)
      return shardMap.shards.indexOf(shard)
    })
    put(entries, shards)
    return {
      FailedRecordCount: 0,
      Records: shards.map((shard) => ({
        SequenceNumber: String(this.#sequenceNumber++),
        ShardId: shardMap.shards[shard]?.shardId ?? '',
      })),
    }
  }

  #shards(): readonly object[] {
    return this.#options.shardMap.shards.map(({ shardId, hashKeyRange }) => ({
      ShardId: shardId,
      HashKeyRange: {
        StartingHashKey: String(hashKeyRange.start),
        EndingHashKey: String(hashKeyRange.end),
      },
      SequenceNumberRange: { StartingSequenceNumber: String(FIRST_SEQUENCE_NUMBER) },
    }))
  }

  #summary(): object {
    return {
      StreamName: 'stream',
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/stream',
      StreamStatus: 'ACTIVE',
      StreamCreationTimestamp: 1_700_000_000,
      RetentionPeriodHours: 24,
      OpenShardCount: this.#options.shardMap.shards.length,
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      EnhancedMonitoring: [],
    }
  }
}

function bytesOf(result: object | Buffer, contentType: string): Buffer {
  if (Buffer.isBuffer(result)) return result
  return contentType.includes('cbor') ? writeCbor(result) : Buffer.from(JSON.stringify(result))
}
