/** GetRecords input -> request body. */
import type { CborWriter } from '../cbor/cbor-writer.ts'
import type { GetRecordsInput } from '../ports/kinesis.ts'

/** More than heads and names take. */
const OVERHEAD_BYTES = 128

export function getRecordsBytes({ ShardIterator, StreamARN }: GetRecordsInput): number {
  return OVERHEAD_BYTES + (ShardIterator?.length ?? 0) + (StreamARN?.length ?? 0)
}

/** @throws TypeError when a member is of another type, as the SDK does */
export function writeGetRecords(writer: CborWriter, input: GetRecordsInput): void {
  const members = Object.entries(membersOf(input)).filter(([, value]) => value !== undefined)
  writer.map(members.length)
  for (const [name, value] of members) {
    writer.text(name)
    if (typeof value === 'number') writer.integer(value)
    else writer.text(value as string)
  }
}

/** The same in AWS JSON 1.1. @throws TypeError */
export function getRecordsJson(input: GetRecordsInput): Buffer {
  return Buffer.from(JSON.stringify(membersOf(input)))
}

/** Callers without types send null for what they leave out. */
function membersOf(input: GetRecordsInput): GetRecordsInput {
  const { ShardIterator, Limit, StreamARN } = input
  if (typeof ShardIterator !== 'string') throw new TypeError('ShardIterator is no text')
  if (typeof (StreamARN ?? '') !== 'string') throw new TypeError('StreamARN is no text')
  if (!Number.isSafeInteger(Limit ?? 0)) throw new TypeError('Limit is no whole number')
  return { ShardIterator, Limit: Limit ?? undefined, StreamARN: StreamARN ?? undefined }
}
