/** Turns a user's values into record data and back. */
import { InvalidRecordError } from './errors.ts'

/** @public */
export interface Codec<T> {
  encode(value: T): Uint8Array
  /** Throws when the data is not this codec's: that record then goes to the `onMalformed` policy. */
  decode(data: Uint8Array): T
}

const encoder = new TextEncoder()
// Strict, so that bytes which are no UTF-8 are reported instead of changed; a BOM is data too.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Data as it is. The default everywhere. @public */
export const bytesCodec: Codec<Uint8Array> = {
  encode: (value) => value,
  decode: (data) => data,
}

/** UTF-8 text. @public */
export const textCodec: Codec<string> = {
  encode: (value) => encoder.encode(value),
  decode: (data) => decoder.decode(data),
}

/**
 * JSON in UTF-8. The type is a promise of yours: what is read is parsed, not checked.
 *
 * @throws InvalidRecordError on encoding what JSON has no text for, such as `undefined`, a BigInt or
 *   an object that holds itself
 * @public
 */
export function jsonCodec<T>(): Codec<T> {
  return {
    encode: (value) => {
      const text = jsonText(value)
      if (text !== undefined) return encoder.encode(text)
      throw new InvalidRecordError(
        'data',
        `JSON has no text for a value of type ${typeof value}`,
        'Pass an object, array, string, number, boolean or null.',
      )
    },
    decode: (data) => JSON.parse(decoder.decode(data)) as T,
  }
}

function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value) as string | undefined
  } catch (cause) {
    throw new InvalidRecordError(
      'data',
      `JSON has no text for the value: ${String(cause)}`,
      'Leave out what refers back to the object itself; write a BigInt as text.',
    )
  }
}
