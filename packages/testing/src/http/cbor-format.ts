/**
 * AWS CBOR 1.1, what the Java SDK speaks to Kinesis: bytes are byte strings, times are tag 1 and
 * epoch milliseconds (the RFC's tag 1 counts seconds).
 */
import { CborError, CborWriter, readCbor } from '@millrace/core/internal'
import { serializationError } from './wire-error.ts'
import type { WireFormat } from './wire-format.ts'

const TIME_TAG = 1

export const cborFormat: WireFormat = {
  contentType: 'application/x-amz-cbor-1.1',

  parse(body) {
    if (body.length === 0) return {}
    try {
      return readCbor(body)
    } catch (error) {
      if (!(error instanceof CborError)) throw error
      throw serializationError('The body is not valid CBOR.')
    }
  },

  bytes(leaf) {
    // A copy: the tree looks into the request's body, which may be its sender's buffer.
    return leaf instanceof Uint8Array ? new Uint8Array(leaf) : undefined
  },

  timestamp(leaf) {
    return leaf instanceof Date ? leaf : undefined
  },

  write(value) {
    const writer = new CborWriter()
    writeItem(writer, value)
    return writer.bytes
  },
}

function writeItem(writer: CborWriter, value: unknown): void {
  if (typeof value === 'string') writer.text(value)
  else if (typeof value === 'boolean') writer.boolean(value)
  else if (typeof value === 'number') writeNumber(writer, value)
  else if (typeof value === 'object' && value !== null) writeObject(writer, value)
  else writer.null()
}

function writeNumber(writer: CborWriter, value: number): void {
  if (Number.isSafeInteger(value)) writer.integer(value)
  else writer.double(value)
}

function writeObject(writer: CborWriter, value: object): void {
  if (value instanceof Uint8Array) {
    writer.byteString(value)
  } else if (value instanceof Date) {
    writer.tag(TIME_TAG)
    writer.integer(value.getTime())
  } else if (Array.isArray(value)) {
    writer.array(value.length)
    for (const item of value) writeItem(writer, item)
  } else {
    writeMap(writer, value)
  }
}

/** A member without a value is left out, as in JSON. */
function writeMap(writer: CborWriter, value: object): void {
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  writer.map(members.length)
  for (const [name, member] of members) {
    writer.text(name)
    writeItem(writer, member)
  }
}
