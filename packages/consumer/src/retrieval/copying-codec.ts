/** The option `copy`: values made of bytes of their own. */
import type { Codec } from '@millrace/core'

/** Decodes a copy, so that what the codec returns holds no page of the stream in memory. */
export function copyingCodec<T>(codec: Codec<T>): Codec<T> {
  return {
    encode: (value) => codec.encode(value),
    decode: (data) => codec.decode(new Uint8Array(data)),
  }
}
