/** Aggregates of any shape with a checksum that holds: what anyone with PutRecords can send. */
import { createHash } from 'node:crypto'
import { aggregate } from '@millrace/core/aggregation'

const MAGIC = Buffer.from('f3899ac2', 'hex')
const EMPTY_RECORD = Buffer.from('1a0408001a00', 'hex')
const KEY = Buffer.from('0a016b', 'hex')

export function sealed(...parts: readonly Uint8Array[]): Buffer {
  const message = Buffer.concat(parts)
  return Buffer.concat([MAGIC, message, createHash('md5').update(message).digest()])
}

function filled(bytes: number, hex: string): Buffer {
  const unit = Buffer.from(hex, 'hex')
  return Buffer.alloc(bytes - (bytes % unit.length), unit)
}

/** Below that an index takes fewer than three bytes as KPL writes it. */
const SHORT_INDEXES = 1 << 14

/** So many user records, each with a key of its own, 15 bytes for both; and keys of no record. */
function distinctKeys(count: number): Buffer {
  const keys = Buffer.alloc((count + SHORT_INDEXES) * 7)
  const records = Buffer.alloc(count * 8)
  for (let i = 0; i < count + SHORT_INDEXES; i++) {
    keys.writeUInt16BE(0x0a05, i * 7)
    keys.write(i.toString(36).padStart(5, '0'), i * 7 + 2, 'latin1')
    const index = [0x80 | (i & 0x7f), 0x80 | ((i >> 7) & 0x7f), i >> 14]
    if (i < SHORT_INDEXES) continue
    records.set([0x1a, 6, 8, ...index, 0x1a, 0], (i - SHORT_INDEXES) * 8)
  }
  return Buffer.concat([keys, records])
}

/** By what they are full of. Each as large as it is told, or nearly. */
export const BOMBS: Readonly<Record<string, (bytes: number) => Buffer>> = {
  'empty user records': (bytes) => sealed(KEY, filled(bytes, EMPTY_RECORD.toString('hex'))),
  // As many as the budget allows.
  'small user records': (bytes) => sealed(KEY, filled(bytes, '1a0a08001a06616263646566')),
  'small user records before their key': (bytes) =>
    sealed(filled(bytes, '1a0a08001a06616263646566'), KEY),
  'user records with keys of their own': (bytes) => sealed(distinctKeys(Math.floor(bytes / 15))),
  'empty keys': (bytes) => sealed(filled(bytes, '0a00')),
  'keys beyond ASCII': (bytes) => sealed(filled(bytes / 3, '0a02c3a9'), EMPTY_RECORD),
  'hash keys': (bytes) => sealed(KEY, filled(bytes / 3, '120131'), EMPTY_RECORD),
  'unknown fields': (bytes) => sealed(KEY, filled(bytes, '7800')),
  'one user record': (bytes) => {
    const length = Buffer.from([0x80 | (bytes & 0x7f), 0x80 | ((bytes >> 7) & 0x7f), bytes >> 14])
    return sealed(KEY, Buffer.from('1a', 'hex'), length, Buffer.alloc(bytes, 0))
  },
}

/** A sound aggregate in which something was changed, and sealed anew but for one in twenty. */
export function fuzzed(pick: (below: number) => number): Buffer {
  const texts = Array.from({ length: 1 + pick(8) }, (_, i) => ({
    partitionKey: `k${pick(4)}`,
    data: Buffer.alloc(pick(6), i),
    explicitHashKey: pick(2) === 0 ? undefined : `${BigInt(pick(1000)) << 118n}`,
  }))
  const [packed] = aggregate(texts)
  const message = Buffer.from((packed?.data ?? Buffer.alloc(0)).subarray(4, -16))
  const changes = pick(4)
  for (let i = 0; i < changes && message.length > 0; i++) {
    message[pick(message.length)] = pick(4) === 0 ? pick(256) : pick(40)
  }
  const cut = pick(8) === 0 ? message.subarray(0, pick(message.length + 1)) : message
  const data = sealed(cut)
  if (pick(20) === 0) data[data.length - 1] = (data.at(-1) ?? 0) ^ 1
  return data
}
