/** HOT: PutRecords input -> request body: about 0.3 us an entry and a copy of its data. */
import { isUint8Array } from 'node:util/types'
import type { CborWriter } from '../cbor/cbor-writer.ts'
import type { PutRecordsEntry, PutRecordsInput } from '../ports/kinesis.ts'

/** Room for heads and names of an entry, and of the request. */
const ENTRY_OVERHEAD_BYTES = 64
const REQUEST_OVERHEAD_BYTES = 4096

/** What the body takes: a guess from above, unless the keys are not ASCII. */
export function expectedBytes({ Records }: PutRecordsInput): number {
  let bytes = REQUEST_OVERHEAD_BYTES
  for (let i = 0; i < Records.length; i++) {
    const { Data, PartitionKey, ExplicitHashKey } = Records[i] as PutRecordsEntry
    bytes += ENTRY_OVERHEAD_BYTES + bytesOf(Data).length
    bytes += (PartitionKey?.length ?? 0) + (ExplicitHashKey?.length ?? 0)
  }
  return bytes
}

/** @throws TypeError when an entry has no bytes or a key is no text, as the SDK does */
export function writePutRecords(writer: CborWriter, input: PutRecordsInput): void {
  const { StreamName, StreamARN, StreamId, Records } = input
  const named = Number(isGiven(StreamName)) + Number(isGiven(StreamARN)) + Number(isGiven(StreamId))
  writer.map(1 + named)
  writeText(writer, 'StreamName', StreamName)
  writeText(writer, 'StreamARN', StreamARN)
  writeText(writer, 'StreamId', StreamId)
  writer.text('Records')
  writer.array(Records.length)
  for (let i = 0; i < Records.length; i++) writeEntry(writer, Records[i] as PutRecordsEntry)
}

function writeEntry(writer: CborWriter, entry: PutRecordsEntry): void {
  const { Data, PartitionKey, ExplicitHashKey } = entry
  writer.map(1 + Number(isGiven(PartitionKey)) + Number(isGiven(ExplicitHashKey)))
  writer.text('Data')
  writer.byteString(bytesOf(Data))
  writeText(writer, 'PartitionKey', PartitionKey)
  writeText(writer, 'ExplicitHashKey', ExplicitHashKey)
}

function writeText(writer: CborWriter, name: string, value: string | undefined): void {
  if (!isGiven(value)) return
  if (typeof value !== 'string') throw new TypeError(`${name} is no text`)
  writer.text(name)
  writer.text(value)
}

/** The same in AWS JSON 1.1, for endpoints that know nothing else. @throws TypeError */
export function putRecordsJson(input: PutRecordsInput): Buffer {
  const { StreamName, StreamARN, StreamId } = input
  const Records = input.Records.map(({ Data, PartitionKey, ExplicitHashKey }) => ({
    Data: base64Of(bytesOf(Data)),
    PartitionKey: PartitionKey ?? undefined,
    ExplicitHashKey: ExplicitHashKey ?? undefined,
  }))
  return Buffer.from(
    JSON.stringify({
      StreamName: StreamName ?? undefined,
      StreamARN: StreamARN ?? undefined,
      StreamId: StreamId ?? undefined,
      Records,
    }),
  )
}

function bytesOf(data: unknown): Uint8Array {
  if (isUint8Array(data)) return data
  throw new TypeError('Data is no Uint8Array')
}

function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

/** Callers without types send null for what they leave out. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}
