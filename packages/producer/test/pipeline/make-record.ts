/** A record as the pipeline holds it, for stages that are tested by themselves. */
import { OutstandingRecord } from '../../src/pipeline/outstanding-record.ts'

export function makeRecord(data: Uint8Array, partitionKey = 'k', nowMs = 0): OutstandingRecord {
  const keyBytes = Buffer.byteLength(partitionKey)
  return new OutstandingRecord(1, partitionKey, keyBytes, undefined, data, undefined, nowMs)
}
