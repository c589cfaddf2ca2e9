/**
 * Keys of the leases that Java keeps for many streams in one table,
 * `<account>:<stream>:<creation epoch>:<shard>`. Pure. KCL: `StreamIdentifier`, `MultiStreamLease`.
 */

export interface StreamIdentifier {
  readonly accountId: string
  readonly streamName: string
  /** When the stream was created, epoch seconds: tells streams of one name apart. */
  readonly creationEpoch: number
}

export interface MultiStreamKey extends StreamIdentifier {
  readonly shardId: string
}

/** Undefined for a text that is none, such as a plain stream name. */
export function parseStreamIdentifier(text: string): StreamIdentifier | undefined {
  const [accountId, streamName, epoch, ...more] = text.split(':', 4)
  if (accountId === undefined || streamName === undefined || epoch === undefined) return undefined
  if (more.length > 0 || !isDigits(accountId) || streamName === '' || !isDigits(epoch)) {
    return undefined
  }
  const creationEpoch = Number(epoch)
  return creationEpoch > 0 ? { accountId, streamName, creationEpoch } : undefined
}

/** Undefined for a key of another form: no shard id has a colon. */
export function parseMultiStreamKey(leaseKey: string): MultiStreamKey | undefined {
  const end = leaseKey.lastIndexOf(':')
  const shardId = leaseKey.slice(end + 1)
  if (end === -1 || shardId === '') return undefined
  const stream = parseStreamIdentifier(leaseKey.slice(0, end))
  return stream === undefined ? undefined : { ...stream, shardId }
}

function isDigits(text: string): boolean {
  return /^[0-9]+$/.test(text)
}
