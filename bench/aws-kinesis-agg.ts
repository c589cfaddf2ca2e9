/** The peer of encode and decode: aws-kinesis-agg, as installed. */
import { createRequire } from 'node:module'
import { PrerequisiteAbsentError } from './benchmark.ts'

export interface PeerRecord {
  readonly partitionKey: string
  readonly data: Uint8Array
}
export interface PeerAggregator {
  addUserRecord(record: PeerRecord): void
  build(): { readonly data: Buffer }
}
/** In and out in base64: the peer's faster form, twice as fast as its SDK v3 form. */
export interface PeerKinesisRecord {
  readonly data: string
  readonly partitionKey: string
  readonly sequenceNumber: string
}
export interface PeerUserRecord {
  readonly partitionKey: string
  readonly data: string
}

export interface Peer {
  readonly version: string
  readonly RecordAggregator: new () => PeerAggregator
  deaggregateSync(
    record: PeerKinesisRecord,
    computeChecksums: boolean,
    done: (error: unknown, userRecords: readonly PeerUserRecord[]) => void,
  ): void
}

export function loadPeer(): Peer {
  const require = createRequire(import.meta.url)
  try {
    const peer = require('aws-kinesis-agg') as Omit<Peer, 'version'>
    const { version } = require('aws-kinesis-agg/package.json') as { version: string }
    return { ...peer, version }
  } catch (cause) {
    throw new PrerequisiteAbsentError('aws-kinesis-agg is not installed: npm ci', { cause })
  }
}
