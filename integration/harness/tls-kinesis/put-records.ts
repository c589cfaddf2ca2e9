/** The body of a PutRecords request, JSON or CBOR -> entries; what the service would refuse is a fault. */
import type { PutRecordsEntry } from '@millrace/core/internal'
import { readCbor } from './cbor.ts'

export interface PutRecordsBody {
  readonly StreamName?: string
  readonly StreamARN?: string
  readonly Records: readonly PutRecordsEntry[]
}

const MAX_ENTRIES = 500
const MAX_BYTES = 10 * 1024 * 1024
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** @throws Error that says what is wrong */
export function readPutRecords(contentType: string | undefined, body: Buffer): PutRecordsBody {
  const isCbor = contentType === 'application/x-amz-cbor-1.1'
  if (!isCbor && contentType !== 'application/x-amz-json-1.1') {
    throw new Error(`content type ${contentType}`)
  }
  const { Records, ...rest } = (isCbor ? readCbor(body) : JSON.parse(body.toString())) as {
    readonly Records: readonly (Omit<PutRecordsEntry, 'Data'> & { readonly Data: unknown })[]
  }
  if (!Array.isArray(Records) || Records.length === 0 || Records.length > MAX_ENTRIES) {
    throw new Error(`${Records?.length} entries`)
  }
  let bytes = 0
  const entries = Records.map(({ Data, PartitionKey, ExplicitHashKey }) => {
    if (typeof PartitionKey !== 'string' || PartitionKey === '') throw new Error('no partition key')
    const data = isCbor ? Data : fromBase64(Data)
    if (!Buffer.isBuffer(data)) throw new Error('no data')
    bytes += data.length + Buffer.byteLength(PartitionKey)
    return { Data: data, PartitionKey, ExplicitHashKey }
  })
  if (bytes > MAX_BYTES) throw new Error(`${bytes} bytes`)
  return { ...rest, Records: entries }
}

function fromBase64(text: unknown): Buffer {
  if (typeof text !== 'string' || text.length % 4 !== 0 || !BASE64.test(text)) {
    throw new Error('data is no base64')
  }
  return Buffer.from(text, 'base64')
}
