/** As much of WebAssembly's binary format as a loop over vectors of four 32-bit words needs. */

export type Code = readonly number[]

const MODULE_HEAD: Code = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
const SIMD_PREFIX = 0xfd
const VECTOR_BYTES_LOG2 = 4
const FUNCTION_END = 0x0b

const I32 = 0x7f
const V128 = 0x7b

export const i32Add: Code = [0x6a]
export const i32Subtract: Code = [0x6b]
export const vectorAnd: Code = simd(0x4e)
/** The second operand's bits are inverted. */
export const vectorAndNot: Code = simd(0x4f)
export const vectorOr: Code = simd(0x50)
export const vectorXor: Code = simd(0x51)
export const vectorNot: Code = simd(0x4d)
export const wordsAdd: Code = simd(0xae)
export const wordsShiftLeft: Code = simd(0xab)
export const wordsShiftRight: Code = simd(0xad)

export function localGet(local: number): Code {
  return [0x20, ...unsigned(local)]
}

export function localSet(local: number): Code {
  return [0x21, ...unsigned(local)]
}

export function i32(value: number): Code {
  const code: number[] = [0x41]
  let rest = value
  // Of a number that is not negative: bit 6 of the last byte would be its sign.
  while (rest > 0x3f) {
    code.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return [...code, rest]
}

export function i32Load(place: number): Code {
  return [...i32(0), 0x28, 2, ...unsigned(place)]
}

export function vectorLoad(place: number): Code {
  return [...i32(0), ...simd(0x00), VECTOR_BYTES_LOG2, ...unsigned(place)]
}

/** From the address in a local, which need not be a multiple of 16. */
export function vectorLoadAt(local: number, offset: number): Code {
  return [...localGet(local), ...simd(0x00), 0, ...unsigned(offset)]
}

export function vectorStore(place: number, value: Code): Code {
  return [...i32(0), ...value, ...simd(0x0b), VECTOR_BYTES_LOG2, ...unsigned(place)]
}

/** @param words of the result: 0 to 3 are those of the first vector, 4 to 7 those of the second */
export function wordsShuffle(words: readonly number[]): Code {
  return [...simd(0x0d), ...words.flatMap((word) => [0, 1, 2, 3].map((byte) => word * 4 + byte))]
}

/** Repeats `body` as long as the word that it leaves is not 0. */
export function loop(body: Code): Code {
  return [0x03, 0x40, ...body, 0x0d, 0x00, FUNCTION_END]
}

/**
 * A module with the one function `run(n)`, which returns nothing, over the imported memory `at.memory`
 * of one page.
 *
 * @param addresses locals behind `n`, words; behind them stand so many vectors
 */
export function moduleOf(addresses: number, vectors: number, body: Code): Uint8Array<ArrayBuffer> {
  const locals = list([
    [...unsigned(addresses), I32],
    [...unsigned(vectors), V128],
  ])
  const code = [...locals, ...body, FUNCTION_END]
  return Uint8Array.from([
    ...MODULE_HEAD,
    ...section(1, list([[0x60, ...list([[I32]]), ...list([])]])),
    ...section(2, list([[...name('at'), ...name('memory'), 0x02, 0x00, 0x01]])),
    ...section(3, list([[0]])),
    ...section(7, list([[...name('run'), 0x00, 0x00]])),
    ...section(10, list([[...unsigned(code.length), ...code]])),
  ])
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content]
}

function list(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()]
}

function name(text: string): Code {
  return list([...Buffer.from(text)].map((byte) => [byte]))
}

function simd(operation: number): Code {
  return [SIMD_PREFIX, ...unsigned(operation)]
}

function unsigned(value: number): Code {
  const code: number[] = []
  let rest = value
  while (rest > 0x7f) {
    code.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return [...code, rest]
}
