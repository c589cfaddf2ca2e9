/**
 * HOT: the result of GetRecords, CBOR or JSON -> its output: about 0.5 us a record in CBOR, one
 * object and no copy: `Data` is a view of the body, which belongs to the records from then on.
 */
import { CborReader } from '../cbor/cbor-reader.ts'
import type { ChildShard, GetRecordsOutput, KinesisRecord } from '../ports/kinesis.ts'
import { isMap, type OutputReader } from './aws-answer.ts'
import { answered } from './sdk-call.ts'

export const getRecordsOutput: OutputReader<GetRecordsOutput> = {
  fromCbor(body) {
    const reader = new CborReader(body)
    let records: KinesisRecord[] | undefined
    const rest: { -readonly [name in keyof Rest]: unknown } = {}
    const pairs = reader.map()
    for (let i = 0; reader.goesOn(pairs, i); i++) {
      const name = reader.name()
      if (name === 'Records') records = reader.isNull() ? undefined : recordsOf(reader)
      else if (isRest(name)) rest[name] = reader.item(1)
      else reader.item(1)
    }
    reader.end()
    return outputOf(answered('GetRecords', 'Records', records), rest)
  },

  fromTree(tree) {
    const records = answered('GetRecords', 'Records', tree['Records'])
    return Array.isArray(records) ? outputOf(records.map(recordOfTree), tree) : undefined
  },
}

type Rest = Partial<Record<'NextShardIterator' | 'MillisBehindLatest' | 'ChildShards', unknown>>

function isRest(name: string): name is keyof Rest {
  return name === 'NextShardIterator' || name === 'MillisBehindLatest' || name === 'ChildShards'
}

function outputOf(records: readonly KinesisRecord[], rest: Rest): GetRecordsOutput | undefined {
  const next = rest.NextShardIterator ?? undefined
  const behind = rest.MillisBehindLatest ?? undefined
  const children = rest.ChildShards ?? undefined
  if (next !== undefined && typeof next !== 'string') return undefined
  if (behind !== undefined && typeof behind !== 'number') return undefined
  if (children !== undefined && !areChildShards(children)) return undefined
  return {
    Records: records,
    NextShardIterator: next,
    MillisBehindLatest: behind,
    ChildShards: children,
  }
}

function areChildShards(value: unknown): value is ChildShard[] {
  return Array.isArray(value) && value.every(isChildShard)
}

function isChildShard(value: unknown): boolean {
  if (!isMap(value) || typeof value['ShardId'] !== 'string') return false
  const { ParentShards: parents, HashKeyRange: range } = value as Partial<ChildShard>
  return (
    Array.isArray(parents) &&
    parents.every((parent) => typeof parent === 'string') &&
    typeof range?.StartingHashKey === 'string' &&
    typeof range.EndingHashKey === 'string'
  )
}

function recordsOf(reader: CborReader): KinesisRecord[] {
  const records: KinesisRecord[] = []
  const count = reader.array()
  while (reader.goesOn(count, records.length)) records.push(recordOf(reader))
  return records
}

/** @throws TypeError for a record without data or number, CborError */
function recordOf(reader: CborReader): KinesisRecord {
  let data: Buffer | undefined
  let partitionKey: string | undefined
  let sequenceNumber: string | undefined
  let arrived: Date | undefined
  const pairs = reader.map()
  for (let i = 0; reader.goesOn(pairs, i); i++) {
    const name = reader.name()
    if (reader.isNull()) continue
    switch (name) {
      case 'Data':
        data = reader.byteString()
        break
      case 'PartitionKey':
        partitionKey = reader.text()
        break
      case 'SequenceNumber':
        sequenceNumber = reader.text()
        break
      case 'ApproximateArrivalTimestamp':
        arrived = dateOf(reader.timeNumber())
        break
      default:
        reader.item(3)
    }
  }
  if (data === undefined || sequenceNumber === undefined) throw new TypeError('no whole record')
  return {
    Data: data,
    PartitionKey: partitionKey,
    SequenceNumber: sequenceNumber,
    // Some emulators leave it out, and the SDK then does, too.
    ApproximateArrivalTimestamp: arrived as Date,
  }
}

/** @throws TypeError as `recordOf` */
function recordOfTree(tree: unknown): KinesisRecord {
  const { Data, SequenceNumber, PartitionKey, ApproximateArrivalTimestamp } = (
    isMap(tree) ? tree : {}
  ) as { readonly [name in keyof KinesisRecord]?: unknown }
  const partitionKey = PartitionKey ?? undefined
  const isWhole = typeof Data === 'string' && typeof SequenceNumber === 'string'
  if (!isWhole || (partitionKey !== undefined && typeof partitionKey !== 'string')) {
    throw new TypeError('no whole record')
  }
  const arrived = ApproximateArrivalTimestamp ?? undefined
  return {
    Data: Buffer.from(Data, 'base64'),
    PartitionKey: partitionKey,
    SequenceNumber,
    ApproximateArrivalTimestamp: (arrived === undefined
      ? undefined
      : dateOf(Number(arrived))) as Date,
  }
}

/** Below it a number counts seconds (to the year 5138), from it on milliseconds (since 1973). */
const LEAST_MS = 1e11

/** A date is the largest object of a record, and those of one request arrived together. */
let lastDate = new Date(0)

/**
 * The service counts milliseconds in CBOR and seconds in JSON; emulators take the one for the other.
 * Records that arrived in the same millisecond share a date, as those of one aggregate do.
 *
 * @throws TypeError for no time
 */
function dateOf(time: number): Date {
  const ms = Math.round(time < LEAST_MS ? time * 1000 : time)
  // Asked for what it says now: it is in a user's hands.
  if (lastDate.getTime() === ms) return lastDate
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) throw new TypeError('no time')
  lastDate = date
  return date
}
