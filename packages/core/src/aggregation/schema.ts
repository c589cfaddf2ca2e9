/**
 * The schema lane: protobufjs decodes any legal message. It takes what KPL never writes but the
 * format allows; the fast lane in front of it takes the rest.
 */
import protobuf from 'protobufjs/light.js'

/**
 * `aggregated-record.proto` as protobufjs reflection, so that nothing is read from disk. Without the
 * edition an explicit 0 would not be written, as in proto3.
 */
const DESCRIPTOR: protobuf.INamespace = {
  nested: {
    AggregatedRecord: {
      edition: 'proto2',
      fields: {
        partition_key_table: { rule: 'repeated', type: 'string', id: 1 },
        explicit_hash_key_table: { rule: 'repeated', type: 'string', id: 2 },
        records: { rule: 'repeated', type: 'Record', id: 3 },
      },
    },
    Record: {
      edition: 'proto2',
      fields: {
        partition_key_index: { rule: 'required', type: 'uint64', id: 1 },
        explicit_hash_key_index: { type: 'uint64', id: 2 },
        data: { rule: 'required', type: 'bytes', id: 3 },
        tags: { rule: 'repeated', type: 'Tag', id: 4 },
      },
    },
    Tag: {
      edition: 'proto2',
      fields: {
        key: { rule: 'required', type: 'string', id: 1 },
        value: { type: 'string', id: 2 },
      },
    },
  },
}

export interface RecordMessage {
  readonly keyIndex: number
  /** -1 for none. */
  readonly hashKeyIndex: number
  readonly data: Uint8Array
}

/** What protobufjs makes of a Record; uint64 is a Long only where the `long` package is installed. */
interface DecodedRecord {
  readonly partition_key_index: number | { toNumber(): number }
  readonly explicit_hash_key_index: number | { toNumber(): number }
  readonly data: Uint8Array
}

let types: { readonly aggregate: protobuf.Type; readonly record: protobuf.Type } | undefined

function loadTypes(): NonNullable<typeof types> {
  if (types === undefined) {
    const root = protobuf.Root.fromJSON(DESCRIPTOR)
    types = {
      aggregate: root.lookupType('AggregatedRecord'),
      record: root.lookupType('Record'),
    }
  }
  return types
}

/** The message type of an aggregate's body, field names as in the .proto file. */
export function aggregatedRecordType(): protobuf.Type {
  return loadTypes().aggregate
}

/** @throws what protobufjs throws for bytes that are no Record message */
export function decodeRecordMessage(message: Uint8Array): RecordMessage {
  const record = loadTypes().record.decode(message) as unknown as DecodedRecord
  const hasHashKey = Object.hasOwn(record, 'explicit_hash_key_index')
  return {
    keyIndex: numberOf(record.partition_key_index),
    hashKeyIndex: hasHashKey ? numberOf(record.explicit_hash_key_index) : -1,
    data: record.data,
  }
}

function numberOf(value: number | { toNumber(): number }): number {
  return typeof value === 'number' ? value : value.toNumber()
}
