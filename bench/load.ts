/** The load of the aggregation benchmarks: 10,000 distinct keys of 20 ASCII characters, 50 KB. */
import { createHash } from 'node:crypto'
import { systemRandom } from '@millrace/core/internal'

export const AGGREGATE_MAX_BYTES = 51_200
export const RECORDS_A_PASS = 20_000
const DISTINCT_KEYS = 10_000
/** Envelope, then per record: a new key's field, the record's tag, length, index and data length. */
const OVERHEAD_BYTES = 20
const RECORD_OVERHEAD_BYTES = 22 + 10

const names = Array.from({ length: DISTINCT_KEYS }, (_, i) =>
  createHash('sha256').update(`key ${i}`).digest('hex').slice(0, 20),
)

/** User records an aggregate of every case holds, so that all cases do the same work. */
export function recordsAnAggregate(dataBytes: number): number {
  return Math.floor((AGGREGATE_MAX_BYTES - OVERHEAD_BYTES) / (dataBytes + RECORD_OVERHEAD_BYTES))
}

/** New string objects, as keys are that come out of user data: V8 knows no hash of theirs yet. */
export function freshKeys(count: number): string[] {
  return Array.from({ length: count }, () => {
    const name = names[Math.floor(systemRandom.next() * DISTINCT_KEYS)] as string
    return Buffer.from(name, 'latin1').toString('latin1')
  })
}

export function payloads(count: number, dataBytes: number): Buffer[] {
  return Array.from({ length: count }, () => {
    const data = Buffer.alloc(dataBytes)
    for (let at = 0; at + 4 <= dataBytes; at += 4) {
      data.writeUInt32LE(Math.floor(systemRandom.next() * 2 ** 32), at)
    }
    return data
  })
}
