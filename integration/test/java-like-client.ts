/**
 * A client that speaks to Kinesis as the Java SDK does: CBOR for every call, maps and lists without
 * a length, times in milliseconds under tag 1. For tests of the door.
 */
import {
  type CallOptions,
  type KinesisAdminPort,
  type KinesisPort,
  ServiceError,
} from '@millrace/core'
import { readCbor } from '@millrace/core/internal'

const CONTENT_TYPE = 'application/x-amz-cbor-1.1'
const BREAK = Buffer.from([0xff])

export function javaLikeClient(url: string): KinesisPort & KinesisAdminPort {
  const call =
    (operation: string) =>
    (input: object, options?: CallOptions): Promise<never> =>
      post(url, operation, input, options) as Promise<never>
  return {
    putRecords: call('PutRecords'),
    putRecord: call('PutRecord'),
    getRecords: call('GetRecords'),
    getShardIterator: call('GetShardIterator'),
    listShards: call('ListShards'),
    describeStreamSummary: call('DescribeStreamSummary'),
    createStream: call('CreateStream'),
    deleteStream: call('DeleteStream'),
    splitShard: call('SplitShard'),
    mergeShards: call('MergeShards'),
  }
}

async function post(
  url: string,
  operation: string,
  input: object,
  options: CallOptions | undefined,
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': CONTENT_TYPE,
      'x-amz-target': `Kinesis_20131202.${operation}`,
      authorization: 'AWS4-HMAC-SHA256 Credential=local',
    },
    body: javaCbor(input),
    signal: options?.signal ?? null,
  }).catch((cause: unknown) => {
    const kind = options?.signal?.aborted === true ? 'aborted' : 'network'
    throw new ServiceError(operation, 'FetchFailed', String(cause), { kind })
  })
  const body = Buffer.from(await response.arrayBuffer())
  if (response.headers.get('content-type') !== CONTENT_TYPE) throw new Error('no CBOR came back')
  const tree = body.length === 0 ? {} : readCbor(body)
  if (response.ok) return tree
  const { __type: name, message } = tree as { readonly __type: string; readonly message: string }
  throw new ServiceError(operation, name, message, { statusCode: response.status })
}

function javaCbor(value: unknown): Buffer {
  if (typeof value === 'string') return headed(0x60, Buffer.from(value))
  if (typeof value === 'number') return Buffer.concat([Buffer.from([0x1b]), uint64(value)])
  if (value instanceof Uint8Array) return headed(0x40, value)
  if (value instanceof Date) return Buffer.concat([Buffer.from([0xc1]), javaCbor(value.getTime())])
  if (Array.isArray(value)) {
    return Buffer.concat([Buffer.from([0x9f]), ...value.map(javaCbor), BREAK])
  }
  const members = Object.entries(value as object).filter(([, member]) => member !== undefined)
  const pairs = members.flatMap(([name, member]) => [javaCbor(name), javaCbor(member)])
  return Buffer.concat([Buffer.from([0xbf]), ...pairs, BREAK])
}

function headed(major: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head[0] = major | 26
  head.writeUInt32BE(content.length, 1)
  return Buffer.concat([head, content])
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
