/** Places in the key space as 32 hexadecimal digits, so that text order is numeric order. */
import { hash } from 'node:crypto'

const HEX_DIGITS = 32

export function hexOfHashKey(hashKey: bigint): string {
  return hashKey.toString(16).padStart(HEX_DIGITS, '0')
}

/** MD5 of the key's UTF-8, which is what the service takes. */
export function hexOfPartitionKey(partitionKey: string): string {
  return hash('md5', partitionKey, 'hex')
}
