/** Hand-made protobuf for aggregates of any shape, sound or not. */
import { createHash } from 'node:crypto'

export const MAGIC: Buffer = Buffer.from('f3899ac2', 'hex')

/** Magic, the message, and a checksum that holds: what anyone with PutRecords can send. */
export function sealed(...parts: readonly Uint8Array[]): Buffer {
  const message = Buffer.concat(parts)
  return Buffer.concat([MAGIC, message, createHash('md5').update(message).digest()])
}

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt(value)
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

/** A length-delimited field. */
export function field(number: number, body: Uint8Array | string): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}

export function numberField(number: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)])
}

export function key(text: string): Buffer {
  return field(1, text)
}

export function hashKey(text: string): Buffer {
  return field(2, text)
}

export function record(
  keyIndex: number | bigint,
  data: string,
  more: Uint8Array = Buffer.alloc(0),
): Buffer {
  return field(3, Buffer.concat([numberField(1, keyIndex), field(3, data), more]))
}
