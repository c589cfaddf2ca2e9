/**
 * The bytes of an aggregated Kinesis record: magic, a protobuf AggregatedRecord, then the MD5 of
 * that message. Numbers and sizes only; the message itself is `aggregated-record.proto`.
 */
export const MAGIC: readonly [number, number, number, number] = [0xf3, 0x89, 0x9a, 0xc2]
export const MAGIC_BYTES = 4
export const CHECKSUM_BYTES = 16
export const ENVELOPE_BYTES: number = MAGIC_BYTES + CHECKSUM_BYTES

/** Partition key of every Kinesis record that carries two user records or more. */
export const AGGREGATE_PARTITION_KEY = 'a'

/** Wire types of protobuf. 3 and 4 are groups, which nobody has written into an aggregate. */
export const VARINT = 0
export const FIXED64 = 1
export const LENGTH_DELIMITED = 2
export const FIXED32 = 5

/** Field number and wire type of a one-byte tag, as KPL writes them. */
export const PARTITION_KEY_TAG = 0x0a
export const EXPLICIT_HASH_KEY_TAG = 0x12
export const RECORD_TAG = 0x1a
export const KEY_INDEX_TAG = 0x08
export const HASH_KEY_INDEX_TAG = 0x10
export const DATA_TAG = 0x1a
export const TAGS_TAG = 0x22

/** Bytes of an unsigned varint below 2^35. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  if (value < 0x1000_0000) return 4
  return 5
}

/** True when the data starts as an aggregate does and is longer than an empty one (KCL's rule). */
export function startsAsAggregate(data: Uint8Array): boolean {
  return (
    data.length > ENVELOPE_BYTES &&
    data[0] === MAGIC[0] &&
    data[1] === MAGIC[1] &&
    data[2] === MAGIC[2] &&
    data[3] === MAGIC[3]
  )
}

/** A view, without a copy, that has Buffer's native text methods. */
export function bufferOver(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.length)
}
