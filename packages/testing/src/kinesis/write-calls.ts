/** PutRecords and PutRecord: about 2 microseconds a record, most of it the key's MD5. */
import type { kinesis } from '@millrace/core'
import type { CallScope, Fault } from './faults.ts'
import { type CheckedEntry, checkPutRecord, checkPutRecords } from './put-rules.ts'
import { rateMessage, throttled } from './refusals.ts'
import { type ShardStore, type StoredRecord, toKinesisRecord } from './shard-store.ts'
import type { SimulatedAccount } from './simulated-account.ts'
import type { SimulatedStream } from './stream.ts'

/** @throws ServiceError when the request as a whole is refused; nothing is stored then */
export function putRecords(
  account: SimulatedAccount,
  input: kinesis.PutRecordsInput,
  fault: Fault | undefined,
): kinesis.PutRecordsOutput {
  const stream = account.streams.getReady('PutRecords', input)
  const entries = checkPutRecords(input.Records, stream.birth)
  const nowMs = account.options.nowMs()
  const failing = fault?.kind === 'throttle' || fault?.kind === 'fail' ? fault : undefined
  const results: kinesis.PutRecordsResultEntry[] = []
  let failed = 0
  for (const entry of entries) {
    const shard = shardFor(account, stream, entry)
    if (failing !== undefined && failing.shardId === shard.shardId) {
      results.push(injectedFailure(account, stream, failing))
      failed++
    } else if (account.options.limits && !shard.writes.admit(entry.sizeBytes, nowMs)) {
      results.push(overRate(account, stream, shard))
      failed++
    } else {
      const stored = store(account, stream, shard, entry, nowMs)
      results.push({ SequenceNumber: stored.sequenceNumber, ShardId: shard.shardId })
    }
  }
  return { FailedRecordCount: failed, Records: results }
}

/** @throws ServiceError */
export function putRecord(
  account: SimulatedAccount,
  input: kinesis.PutRecordInput,
): kinesis.PutRecordOutput {
  const stream = account.streams.getReady('PutRecord', input)
  const entry = checkPutRecord(input, stream.birth)
  const nowMs = account.options.nowMs()
  const shard = shardFor(account, stream, entry)
  if (account.options.limits && !shard.writes.admit(entry.sizeBytes, nowMs)) {
    const { accountId } = account.options
    throw throttled('PutRecord', rateMessage(shard.shardId, stream.birth.name, accountId))
  }
  const stored = store(account, stream, shard, entry, nowMs)
  return { ShardId: shard.shardId, SequenceNumber: stored.sequenceNumber }
}

/** The stream and shards that entries go to, for faults; a request that is refused goes nowhere. */
export function putScope(
  account: SimulatedAccount,
  input: kinesis.StreamInput,
  check: (stream: SimulatedStream) => readonly CheckedEntry[],
): CallScope {
  const shardIds = new Set<string>()
  try {
    const stream = account.streams.getReady('PutRecords', input)
    for (const { hex } of check(stream)) {
      if (hex !== undefined) shardIds.add(stream.open.ownerOf(hex).shardId)
    }
    return { streamName: stream.birth.name, shardIds }
  } catch {
    // The call itself will be refused with the same reason, to the caller.
    return { streamName: input.StreamName, shardIds }
  }
}

function shardFor(
  account: SimulatedAccount,
  stream: SimulatedStream,
  entry: CheckedEntry,
): ShardStore {
  return entry.hex === undefined
    ? stream.open.at(account.options.random.next())
    : stream.open.ownerOf(entry.hex)
}

function store(
  account: SimulatedAccount,
  stream: SimulatedStream,
  shard: ShardStore,
  entry: CheckedEntry,
  nowMs: number,
): StoredRecord {
  const { data, partitionKey, sizeBytes } = entry
  const stored = stream.store(shard, data, partitionKey, sizeBytes, nowMs)
  account.options.onRecord?.({
    streamName: stream.birth.name,
    shardId: shard.shardId,
    record: toKinesisRecord(stored),
  })
  return stored
}

function overRate(
  account: SimulatedAccount,
  stream: SimulatedStream,
  shard: ShardStore,
): kinesis.PutRecordsResultEntry {
  return {
    ErrorCode: 'ProvisionedThroughputExceededException',
    ErrorMessage: rateMessage(shard.shardId, stream.birth.name, account.options.accountId),
  }
}

function injectedFailure(
  account: SimulatedAccount,
  stream: SimulatedStream,
  fault: Fault,
): kinesis.PutRecordsResultEntry {
  if (fault.kind === 'throttle') {
    const { accountId } = account.options
    return {
      ErrorCode: 'ProvisionedThroughputExceededException',
      ErrorMessage: rateMessage(fault.shardId ?? '', stream.birth.name, accountId),
    }
  }
  return {
    ErrorCode: fault.error?.awsName ?? 'InternalFailure',
    ErrorMessage: 'Internal service failure (injected).',
  }
}
