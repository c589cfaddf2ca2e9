/**
 * HOT: the MD5 that ends each aggregate. Of several aggregates at once it costs a fifth, so whoever has
 * several asks for all of them together.
 */
import { hash } from 'node:crypto'
import { DIGEST_BYTES } from '../md5-lanes/lane.ts'
import { Md5Lanes } from '../md5-lanes/md5-lanes.ts'
import { bufferOver, CHECKSUM_BYTES, MAGIC_BYTES } from './format.ts'

/** Undefined before it is needed, null where it cannot be had. */
let lanes: Md5Lanes | null | undefined

/** What is known of a checksum before an aggregate is opened. */
export type KnownChecksum = 'holds' | 'fails' | undefined

/** Writes the checksums of aggregates whose last bytes are kept free for them. */
export function sealAggregates(aggregates: readonly Uint8Array[]): void {
  const digests = digestsOf(aggregates)
  for (let i = 0; i < aggregates.length; i++) {
    const aggregate = aggregates[i] as Uint8Array
    let at = aggregate.length - CHECKSUM_BYTES
    const from = i * DIGEST_BYTES
    for (let byte = 0; byte < DIGEST_BYTES; byte++) aggregate[at++] = digests[from + byte] as number
  }
}

/** Of data that starts as an aggregate does, each for itself. */
export function whichChecksumsHold(aggregates: readonly Uint8Array[]): boolean[] {
  const digests = digestsOf(aggregates)
  return aggregates.map((aggregate, i) => {
    const at = aggregate.length - CHECKSUM_BYTES
    for (let byte = 0; byte < DIGEST_BYTES; byte++) {
      if (aggregate[at + byte] !== digests[i * DIGEST_BYTES + byte]) return false
    }
    return true
  })
}

export function checksumHolds(data: Buffer): boolean {
  const end = data.length - CHECKSUM_BYTES
  // As text of sixteen Latin-1 characters: the form that Node returns and compares fastest.
  return hash('md5', messageOf(data), 'binary') === data.toString('latin1', end)
}

function digestsOf(aggregates: readonly Uint8Array[]): Uint8Array {
  const messages = aggregates.map(messageOf)
  const digests = new Uint8Array(messages.length * DIGEST_BYTES)
  // One alone is quicker by itself.
  if (messages.length > 1 && lanes === undefined) lanes = Md5Lanes.create() ?? null
  if (messages.length > 1 && lanes) {
    lanes.digestsOf(messages, digests)
  } else {
    for (const [i, message] of messages.entries()) {
      bufferOver(digests).write(hash('md5', message, 'binary'), i * DIGEST_BYTES, 'latin1')
    }
  }
  return digests
}

function messageOf(aggregate: Uint8Array): Uint8Array {
  return aggregate.subarray(MAGIC_BYTES, aggregate.length - CHECKSUM_BYTES)
}
