/** The inverse of aggregation, for every consumer: plain records, KPL's aggregates, hostile ones. */
import { types } from 'node:util'
import { InvalidOptionError, InvalidRecordError } from '../errors.ts'
import { HashWordRange } from '../hash-words.ts'
import { integer, type OptionRule, optional, resolveOptions } from '../options.ts'
import type { KinesisRecord } from '../ports/kinesis.ts'
import { checkRecordObject } from '../record-rules.ts'
import { MAX_HASH_KEY, type ShardHashKeyRange } from '../shard.ts'
import { DEFAULT_MAX_USER_RECORDS } from './budget.ts'
import { checksumHolds, type KnownChecksum } from './checksums.ts'
import {
  AggregateDeaggregation,
  type CursorDeaggregation,
  type Deaggregation,
  RawDeaggregation,
} from './deaggregation.ts'
import { bufferOver, startsAsAggregate } from './format.ts'
import type { AggregateLayout } from './layout.ts'
import type { MalformedReason } from './malformed.ts'
import { scanAggregate } from './scan.ts'
import { scanInSteps } from './scan-steps.ts'

/** A Kinesis record as the service spells it, or in our own spelling. @public */
export type DeaggregateInput =
  | {
      readonly Data: Uint8Array
      readonly PartitionKey?: string | undefined
      readonly SequenceNumber?: string | undefined
      readonly ApproximateArrivalTimestamp?: Date | undefined
    }
  | {
      readonly data: Uint8Array
      readonly partitionKey?: string | undefined
      readonly explicitHashKey?: string | undefined
      readonly sequenceNumber?: string | undefined
      readonly approximateArrivalTimestamp?: Date | undefined
    }

/** @public */
export interface DeaggregateOptions {
  /**
   * The hash key range of the shard the record was read from. Given, each user record says whether
   * it is `misplaced`; nothing is filtered here. KCL drops the whole aggregate instead.
   * @default undefined
   */
  readonly hashKeyRange?: ShardHashKeyRange | undefined
  /**
   * Most user records, and most keys, of an aggregate of up to 1 MiB; a larger one may have more in
   * proportion. Above it the aggregate is malformed (`over-budget`).
   * @default 100_000
   */
  readonly maxUserRecords?: number | undefined
}

/**
 * Takes the user records out of a Kinesis record. A plain record comes out as it is, and so does,
 * whole, an aggregate with any bad part: see `malformed`. Aggregates inside user data are data.
 *
 * @throws InvalidRecordError when the input has no bytes, InvalidOptionError for a wrong option
 * @example
 * ```ts
 * for (const userRecord of deaggregate(kinesisRecord)) handle(userRecord.data)
 * ```
 * @public
 */
export function deaggregate(
  kinesisRecord: DeaggregateInput,
  options?: DeaggregateOptions | undefined,
): Deaggregation {
  return (options === undefined ? DEFAULT : new Deaggregator(options)).deaggregate(kinesisRecord)
}

/** `deaggregate` with its options resolved once, for a shard's whole life. */
export class Deaggregator {
  readonly #range: HashWordRange | undefined
  readonly #maxUserRecords: number

  constructor(options: DeaggregateOptions = {}) {
    const resolved = resolveOptions<ResolvedDeaggregateOptions>('', options, RULES)
    this.#maxUserRecords = resolved.maxUserRecords
    this.#range =
      resolved.hashKeyRange === undefined ? undefined : new HashWordRange(resolved.hashKeyRange)
  }

  /** @param checksum if it has been looked at before */
  deaggregate(kinesisRecord: DeaggregateInput, checksum?: KnownChecksum): CursorDeaggregation {
    checkRecordObject(kinesisRecord)
    if ('Data' in kinesisRecord) {
      return this.#read(
        kinesisRecord.Data,
        kinesisRecord.PartitionKey,
        undefined,
        kinesisRecord.SequenceNumber ?? '',
        kinesisRecord.ApproximateArrivalTimestamp,
        checksum,
      )
    }
    return this.#read(
      kinesisRecord.data,
      kinesisRecord.partitionKey,
      kinesisRecord.explicitHashKey,
      kinesisRecord.sequenceNumber ?? '',
      kinesisRecord.approximateArrivalTimestamp,
      checksum,
    )
  }

  /** The same in steps, for a record so large that other work should go on between them. */
  *inSteps(record: KinesisRecord): Generator<void, CursorDeaggregation> {
    const { Data, PartitionKey, SequenceNumber, ApproximateArrivalTimestamp } = record
    const bytes = bufferOver(Data)
    const scan = yield* scanInSteps(bytes, this.#maxUserRecords)
    return typeof scan === 'object'
      ? this.#aggregate(bytes, scan, SequenceNumber, ApproximateArrivalTimestamp)
      : raw(Data, PartitionKey, undefined, SequenceNumber, ApproximateArrivalTimestamp, scan)
  }

  #read(
    data: Uint8Array,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    sequenceNumber: string,
    approximateArrivalTimestamp: Date | undefined,
    checksum: KnownChecksum,
  ): CursorDeaggregation {
    checkBytes(data)
    const bytes = bufferOver(data)
    const scan = scanAggregate(bytes, this.#maxUserRecords, checksum)
    return typeof scan === 'object'
      ? this.#aggregate(bytes, scan, sequenceNumber, approximateArrivalTimestamp)
      : raw(data, partitionKey, explicitHashKey, sequenceNumber, approximateArrivalTimestamp, scan)
  }

  #aggregate(
    bytes: Buffer,
    layout: AggregateLayout,
    sequenceNumber: string,
    approximateArrivalTimestamp: Date | undefined,
  ): CursorDeaggregation {
    const origin = { sequenceNumber, approximateArrivalTimestamp }
    return new AggregateDeaggregation(bytes, layout, origin, this.#range)
  }
}

/** For each plain record: nothing is allocated on its way. */
function raw(
  data: Uint8Array,
  partitionKey: string | undefined,
  explicitHashKey: string | undefined,
  sequenceNumber: string,
  approximateArrivalTimestamp: Date | undefined,
  malformed: MalformedReason | undefined,
): CursorDeaggregation {
  return new RawDeaggregation({
    data,
    partitionKey,
    explicitHashKey,
    sequenceNumber,
    subSequenceNumber: 0,
    approximateArrivalTimestamp,
    aggregated: false,
    misplaced: false,
    malformed,
  })
}

/**
 * True when a consumer would look for user records inside: the magic bytes, a body, and the MD5 of
 * that body behind it. Costs that MD5.
 *
 * @public
 */
export function isAggregated(data: Uint8Array): boolean {
  checkBytes(data)
  return startsAsAggregate(data) && checksumHolds(bufferOver(data))
}

function checkBytes(data: unknown): asserts data is Uint8Array {
  if (types.isUint8Array(data)) return
  throw new InvalidRecordError(
    'data',
    `The data of the Kinesis record is ${data === null ? 'null' : `of type ${typeof data}`}`,
    "Pass bytes; Lambda's base64 text becomes bytes with Buffer.from(text, 'base64').",
  )
}

interface ResolvedDeaggregateOptions {
  readonly hashKeyRange: ShardHashKeyRange | undefined
  readonly maxUserRecords: number
}

const hashKeyRange: OptionRule<ShardHashKeyRange> = (path, value) => {
  const { start, end } = (typeof value === 'object' && value !== null ? value : {}) as Partial<
    Record<string, unknown>
  >
  if (typeof start === 'bigint' && typeof end === 'bigint') {
    if (start >= 0n && start <= end && end <= MAX_HASH_KEY) return { start, end }
  }
  throw new InvalidOptionError(
    path,
    `${path} is no hash key range`,
    "Pass a shard's hashKeyRange: { start, end }, both bigints of 0 to 2^128 - 1.",
  )
}

const RULES = {
  hashKeyRange: optional(hashKeyRange),
  maxUserRecords: integer({ default: DEFAULT_MAX_USER_RECORDS, min: 1, max: 10_000_000 }),
}

const DEFAULT = new Deaggregator()
