/**
 * HOT: one MD5 block costs about 0.1 us and allocates nothing; a hash key of up to 55 bytes is one
 * block. The 64 steps are written out because V8 stops inlining a step function half-way (RFC 1321).
 * MD5 is what Kinesis derives hash keys with; nothing here is about security.
 */

export const MD5_BLOCK_BYTES = 64

/** Chaining values; one message is hashed at a time, so there is one set. */
const state = new Int32Array(4)

/** Begins a message. */
export function md5Start(): void {
  state[0] = 0x67452301
  state[1] = 0xefcdab89 | 0
  state[2] = 0x98badcfe | 0
  state[3] = 0x10325476
}

/** Ends a message: its digest as four big-endian unsigned words. */
export function md5Digest(digest: Uint32Array): void {
  digest[0] = swapBytes(state[0] as number)
  digest[1] = swapBytes(state[1] as number)
  digest[2] = swapBytes(state[2] as number)
  digest[3] = swapBytes(state[3] as number)
}

/** A whole message that is one block, padding included. */
export function md5OneBlock(words: Int32Array, digest: Uint32Array): void {
  md5Start()
  md5Block(words)
  md5Digest(digest)
}

function swapBytes(x: number): number {
  return (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24)
}

/** Mixes one block of sixteen little-endian words into the message begun. */
export function md5Block(words: Int32Array): void {
  const m0 = words[0] as number
  const m1 = words[1] as number
  const m2 = words[2] as number
  const m3 = words[3] as number
  const m4 = words[4] as number
  const m5 = words[5] as number
  const m6 = words[6] as number
  const m7 = words[7] as number
  const m8 = words[8] as number
  const m9 = words[9] as number
  const m10 = words[10] as number
  const m11 = words[11] as number
  const m12 = words[12] as number
  const m13 = words[13] as number
  const m14 = words[14] as number
  const m15 = words[15] as number
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number

  // Round 1
  a = (((a + m0 - 680876936) | 0) + (d ^ (b & (c ^ d)))) | 0
  a = (((a << 7) | (a >>> 25)) + b) | 0
  d = (((d + m1 - 389564586) | 0) + (c ^ (a & (b ^ c)))) | 0
  d = (((d << 12) | (d >>> 20)) + a) | 0
  c = (((c + m2 + 606105819) | 0) + (b ^ (d & (a ^ b)))) | 0
  c = (((c << 17) | (c >>> 15)) + d) | 0
  b = (((b + m3 - 1044525330) | 0) + (a ^ (c & (d ^ a)))) | 0
  b = (((b << 22) | (b >>> 10)) + c) | 0
  a = (((a + m4 - 176418897) | 0) + (d ^ (b & (c ^ d)))) | 0
  a = (((a << 7) | (a >>> 25)) + b) | 0
  d = (((d + m5 + 1200080426) | 0) + (c ^ (a & (b ^ c)))) | 0
  d = (((d << 12) | (d >>> 20)) + a) | 0
  c = (((c + m6 - 1473231341) | 0) + (b ^ (d & (a ^ b)))) | 0
  c = (((c << 17) | (c >>> 15)) + d) | 0
  b = (((b + m7 - 45705983) | 0) + (a ^ (c & (d ^ a)))) | 0
  b = (((b << 22) | (b >>> 10)) + c) | 0
  a = (((a + m8 + 1770035416) | 0) + (d ^ (b & (c ^ d)))) | 0
  a = (((a << 7) | (a >>> 25)) + b) | 0
  d = (((d + m9 - 1958414417) | 0) + (c ^ (a & (b ^ c)))) | 0
  d = (((d << 12) | (d >>> 20)) + a) | 0
  c = (((c + m10 - 42063) | 0) + (b ^ (d & (a ^ b)))) | 0
  c = (((c << 17) | (c >>> 15)) + d) | 0
  b = (((b + m11 - 1990404162) | 0) + (a ^ (c & (d ^ a)))) | 0
  b = (((b << 22) | (b >>> 10)) + c) | 0
  a = (((a + m12 + 1804603682) | 0) + (d ^ (b & (c ^ d)))) | 0
  a = (((a << 7) | (a >>> 25)) + b) | 0
  d = (((d + m13 - 40341101) | 0) + (c ^ (a & (b ^ c)))) | 0
  d = (((d << 12) | (d >>> 20)) + a) | 0
  c = (((c + m14 - 1502002290) | 0) + (b ^ (d & (a ^ b)))) | 0
  c = (((c << 17) | (c >>> 15)) + d) | 0
  b = (((b + m15 + 1236535329) | 0) + (a ^ (c & (d ^ a)))) | 0
  b = (((b << 22) | (b >>> 10)) + c) | 0

  // Round 2
  a = (((a + m1 - 165796510 + (c & ~d)) | 0) + (b & d)) | 0
  a = (((a << 5) | (a >>> 27)) + b) | 0
  d = (((d + m6 - 1069501632 + (b & ~c)) | 0) + (a & c)) | 0
  d = (((d << 9) | (d >>> 23)) + a) | 0
  c = (((c + m11 + 643717713 + (a & ~b)) | 0) + (d & b)) | 0
  c = (((c << 14) | (c >>> 18)) + d) | 0
  b = (((b + m0 - 373897302 + (d & ~a)) | 0) + (c & a)) | 0
  b = (((b << 20) | (b >>> 12)) + c) | 0
  a = (((a + m5 - 701558691 + (c & ~d)) | 0) + (b & d)) | 0
  a = (((a << 5) | (a >>> 27)) + b) | 0
  d = (((d + m10 + 38016083 + (b & ~c)) | 0) + (a & c)) | 0
  d = (((d << 9) | (d >>> 23)) + a) | 0
  c = (((c + m15 - 660478335 + (a & ~b)) | 0) + (d & b)) | 0
  c = (((c << 14) | (c >>> 18)) + d) | 0
  b = (((b + m4 - 405537848 + (d & ~a)) | 0) + (c & a)) | 0
  b = (((b << 20) | (b >>> 12)) + c) | 0
  a = (((a + m9 + 568446438 + (c & ~d)) | 0) + (b & d)) | 0
  a = (((a << 5) | (a >>> 27)) + b) | 0
  d = (((d + m14 - 1019803690 + (b & ~c)) | 0) + (a & c)) | 0
  d = (((d << 9) | (d >>> 23)) + a) | 0
  c = (((c + m3 - 187363961 + (a & ~b)) | 0) + (d & b)) | 0
  c = (((c << 14) | (c >>> 18)) + d) | 0
  b = (((b + m8 + 1163531501 + (d & ~a)) | 0) + (c & a)) | 0
  b = (((b << 20) | (b >>> 12)) + c) | 0
  a = (((a + m13 - 1444681467 + (c & ~d)) | 0) + (b & d)) | 0
  a = (((a << 5) | (a >>> 27)) + b) | 0
  d = (((d + m2 - 51403784 + (b & ~c)) | 0) + (a & c)) | 0
  d = (((d << 9) | (d >>> 23)) + a) | 0
  c = (((c + m7 + 1735328473 + (a & ~b)) | 0) + (d & b)) | 0
  c = (((c << 14) | (c >>> 18)) + d) | 0
  b = (((b + m12 - 1926607734 + (d & ~a)) | 0) + (c & a)) | 0
  b = (((b << 20) | (b >>> 12)) + c) | 0

  // Round 3
  a = (((a + m5 - 378558) | 0) + (b ^ (c ^ d))) | 0
  a = (((a << 4) | (a >>> 28)) + b) | 0
  d = (((d + m8 - 2022574463) | 0) + (a ^ (b ^ c))) | 0
  d = (((d << 11) | (d >>> 21)) + a) | 0
  c = (((c + m11 + 1839030562) | 0) + (d ^ (a ^ b))) | 0
  c = (((c << 16) | (c >>> 16)) + d) | 0
  b = (((b + m14 - 35309556) | 0) + (c ^ (d ^ a))) | 0
  b = (((b << 23) | (b >>> 9)) + c) | 0
  a = (((a + m1 - 1530992060) | 0) + (b ^ (c ^ d))) | 0
  a = (((a << 4) | (a >>> 28)) + b) | 0
  d = (((d + m4 + 1272893353) | 0) + (a ^ (b ^ c))) | 0
  d = (((d << 11) | (d >>> 21)) + a) | 0
  c = (((c + m7 - 155497632) | 0) + (d ^ (a ^ b))) | 0
  c = (((c << 16) | (c >>> 16)) + d) | 0
  b = (((b + m10 - 1094730640) | 0) + (c ^ (d ^ a))) | 0
  b = (((b << 23) | (b >>> 9)) + c) | 0
  a = (((a + m13 + 681279174) | 0) + (b ^ (c ^ d))) | 0
  a = (((a << 4) | (a >>> 28)) + b) | 0
  d = (((d + m0 - 358537222) | 0) + (a ^ (b ^ c))) | 0
  d = (((d << 11) | (d >>> 21)) + a) | 0
  c = (((c + m3 - 722521979) | 0) + (d ^ (a ^ b))) | 0
  c = (((c << 16) | (c >>> 16)) + d) | 0
  b = (((b + m6 + 76029189) | 0) + (c ^ (d ^ a))) | 0
  b = (((b << 23) | (b >>> 9)) + c) | 0
  a = (((a + m9 - 640364487) | 0) + (b ^ (c ^ d))) | 0
  a = (((a << 4) | (a >>> 28)) + b) | 0
  d = (((d + m12 - 421815835) | 0) + (a ^ (b ^ c))) | 0
  d = (((d << 11) | (d >>> 21)) + a) | 0
  c = (((c + m15 + 530742520) | 0) + (d ^ (a ^ b))) | 0
  c = (((c << 16) | (c >>> 16)) + d) | 0
  b = (((b + m2 - 995338651) | 0) + (c ^ (d ^ a))) | 0
  b = (((b << 23) | (b >>> 9)) + c) | 0

  // Round 4
  a = (((a + m0 - 198630844) | 0) + (c ^ (b | ~d))) | 0
  a = (((a << 6) | (a >>> 26)) + b) | 0
  d = (((d + m7 + 1126891415) | 0) + (b ^ (a | ~c))) | 0
  d = (((d << 10) | (d >>> 22)) + a) | 0
  c = (((c + m14 - 1416354905) | 0) + (a ^ (d | ~b))) | 0
  c = (((c << 15) | (c >>> 17)) + d) | 0
  b = (((b + m5 - 57434055) | 0) + (d ^ (c | ~a))) | 0
  b = (((b << 21) | (b >>> 11)) + c) | 0
  a = (((a + m12 + 1700485571) | 0) + (c ^ (b | ~d))) | 0
  a = (((a << 6) | (a >>> 26)) + b) | 0
  d = (((d + m3 - 1894986606) | 0) + (b ^ (a | ~c))) | 0
  d = (((d << 10) | (d >>> 22)) + a) | 0
  c = (((c + m10 - 1051523) | 0) + (a ^ (d | ~b))) | 0
  c = (((c << 15) | (c >>> 17)) + d) | 0
  b = (((b + m1 - 2054922799) | 0) + (d ^ (c | ~a))) | 0
  b = (((b << 21) | (b >>> 11)) + c) | 0
  a = (((a + m8 + 1873313359) | 0) + (c ^ (b | ~d))) | 0
  a = (((a << 6) | (a >>> 26)) + b) | 0
  d = (((d + m15 - 30611744) | 0) + (b ^ (a | ~c))) | 0
  d = (((d << 10) | (d >>> 22)) + a) | 0
  c = (((c + m6 - 1560198380) | 0) + (a ^ (d | ~b))) | 0
  c = (((c << 15) | (c >>> 17)) + d) | 0
  b = (((b + m13 + 1309151649) | 0) + (d ^ (c | ~a))) | 0
  b = (((b << 21) | (b >>> 11)) + c) | 0
  a = (((a + m4 - 145523070) | 0) + (c ^ (b | ~d))) | 0
  a = (((a << 6) | (a >>> 26)) + b) | 0
  d = (((d + m11 - 1120210379) | 0) + (b ^ (a | ~c))) | 0
  d = (((d << 10) | (d >>> 22)) + a) | 0
  c = (((c + m2 + 718787259) | 0) + (a ^ (d | ~b))) | 0
  c = (((c << 15) | (c >>> 17)) + d) | 0
  b = (((b + m9 - 343485551) | 0) + (d ^ (c | ~a))) | 0
  b = (((b << 21) | (b >>> 11)) + c) | 0

  state[0] = ((state[0] as number) + a) | 0
  state[1] = ((state[1] as number) + b) | 0
  state[2] = ((state[2] as number) + c) | 0
  state[3] = ((state[3] as number) + d) | 0
}
