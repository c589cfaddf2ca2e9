/**
 * MD5 of eight messages at once, as a WebAssembly module: a vector has the same word of four messages,
 * two vectors take turns so that the processor need not wait for either (RFC 1321).
 */
import {
  type Code,
  i32,
  i32Add,
  i32Load,
  i32Subtract,
  localGet,
  localSet,
  loop,
  moduleOf,
  vectorAnd,
  vectorAndNot,
  vectorLoad,
  vectorLoadAt,
  vectorNot,
  vectorOr,
  vectorStore,
  vectorXor,
  wordsAdd,
  wordsShiftLeft,
  wordsShiftRight,
  wordsShuffle,
} from './wasm-code.ts'

const GROUPS = 2
const LANES_A_GROUP = 4
export const LANES = 8
const WORD_BYTES = 4
const VECTOR_BYTES = 16
const BLOCK_BYTES = 64
const BLOCK_WORDS = 16
const STEPS = 64

// Places in the memory, in bytes. First the constant of each step, once for each lane of a group.
const BLOCKS_AT = STEPS * VECTOR_BYTES
const STATE_AT = BLOCKS_AT + GROUPS * BLOCK_WORDS * VECTOR_BYTES
const ADDRESSES_AT = STATE_AT + GROUPS * 4 * VECTOR_BYTES
/** From here on the memory is the caller's. */
export const FREE_AT: number = ADDRESSES_AT + LANES * WORD_BYTES

/** Where the module reads the address of a lane's next block. */
export function addressPlace(lane: number): number {
  return ADDRESSES_AT + lane * WORD_BYTES
}

/** Of one of the four chaining values of a lane's message. */
export function statePlace(lane: number, word: number): number {
  const group = Math.floor(lane / LANES_A_GROUP)
  return STATE_AT + (group * 4 + word) * VECTOR_BYTES + (lane - group * LANES_A_GROUP) * WORD_BYTES
}

/** The memory as the module needs it: nothing but the constants. */
export function writeConstants(memory: Uint32Array): void {
  for (let step = 0; step < STEPS; step++) {
    const constant = Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32)
    const at = (step * VECTOR_BYTES) / WORD_BYTES
    memory.fill(constant, at, at + LANES_A_GROUP)
  }
}

// Locals: the number of blocks, the addresses, the chaining values of the groups, six for a while.
const BLOCKS = 0
const ADDRESSES = 1
const CHAINING = ADDRESSES + LANES
const SPARE = CHAINING + GROUPS * 4
const SPARES = 6

/** `run(n)`, with n of 1 or more, mixes n blocks of each lane into its chaining values. */
export function laneProgram(): Uint8Array<ArrayBuffer> {
  const lanes = Array.from({ length: LANES }, (_, lane) => lane)
  const groups = Array.from({ length: GROUPS }, (_, group) => group)
  const steps = Array.from({ length: STEPS }, (_, step) => step)
  return moduleOf(LANES, GROUPS * 4 + SPARES, [
    ...lanes.flatMap((lane) => [...i32Load(addressPlace(lane)), ...localSet(ADDRESSES + lane)]),
    ...groups.flatMap(loadState),
    ...loop([
      ...groups.flatMap(gatherBlock),
      ...steps.flatMap((step) => [
        ...groups.flatMap((group) => mix(group, step)),
        ...groups.flatMap((group) => rotate(group, step)),
      ]),
      ...groups.flatMap(addState),
      ...lanes.flatMap((lane) => increase(ADDRESSES + lane, BLOCK_BYTES)),
      ...localGet(BLOCKS),
      ...i32(1),
      ...i32Subtract,
      ...localSet(BLOCKS),
      ...localGet(BLOCKS),
    ]),
  ])
}

function loadState(group: number): Code {
  return eachWord((word) => [
    ...vectorLoad(statePlace(group * LANES_A_GROUP, word)),
    ...localSet(chaining(group, word)),
  ])
}

/** What the block made of it is added to what it was; that is what the next block begins with. */
function addState(group: number): Code {
  return eachWord((word) => {
    const place = statePlace(group * LANES_A_GROUP, word)
    const local = chaining(group, word)
    return [
      ...vectorLoad(place),
      ...localGet(local),
      ...wordsAdd,
      ...localSet(local),
      ...vectorStore(place, localGet(local)),
    ]
  })
}

const firstWords = wordsShuffle([0, 4, 1, 5])
const lastWords = wordsShuffle([2, 6, 3, 7])
const firstPairs = wordsShuffle([0, 1, 4, 5])
const lastPairs = wordsShuffle([2, 3, 6, 7])

/** The same word of four messages side by side: four times a square of four words is turned over. */
function gatherBlock(group: number): Code {
  const [left, right] = [SPARE + 4, SPARE + 5]
  const rows = [0, 1, 2, 3]
  const half = (words: Code, place: number): Code => [
    ...[...localGet(SPARE), ...localGet(SPARE + 1), ...words, ...localSet(left)],
    ...[...localGet(SPARE + 2), ...localGet(SPARE + 3), ...words, ...localSet(right)],
    ...vectorStore(place, [...localGet(left), ...localGet(right), ...firstPairs]),
    ...vectorStore(place + VECTOR_BYTES, [...localGet(left), ...localGet(right), ...lastPairs]),
  ]
  return eachWord((quarter) => [
    ...rows.flatMap((row) => [
      ...vectorLoadAt(ADDRESSES + group * LANES_A_GROUP + row, quarter * VECTOR_BYTES),
      ...localSet(SPARE + row),
    ]),
    ...half(firstWords, blockPlace(group, quarter * 4)),
    ...half(lastWords, blockPlace(group, quarter * 4 + 2)),
  ])
}

/** Which word of the block a step takes, by round: factor and summand. */
const WORD_ORDER = [
  [1, 0],
  [5, 1],
  [3, 5],
  [7, 0],
] as const

/** The step's sum, before it is rotated. */
function mix(group: number, step: number): Code {
  const round = step >> 4
  const [factor, summand] = WORD_ORDER[round] as (typeof WORD_ORDER)[number]
  const [a, b, c, d] = turned(group, step)
  return [
    ...localGet(a),
    ...vectorLoad(blockPlace(group, (factor * step + summand) & (BLOCK_WORDS - 1))),
    ...vectorLoad(step * VECTOR_BYTES),
    ...wordsAdd,
    ...wordsAdd,
    ...addRound(round, localGet(b), localGet(c), localGet(d)),
    ...localSet(a),
  ]
}

/** `b` comes last: it is what the step before has just made. */
function addRound(round: number, b: Code, c: Code, d: Code): Code {
  if (round === 0) {
    return [...d, ...c, ...d, ...vectorXor, ...b, ...vectorAnd, ...vectorXor, ...wordsAdd]
  }
  if (round === 1) {
    // The halves have no bit in common.
    return [...c, ...d, ...vectorAndNot, ...wordsAdd, ...b, ...d, ...vectorAnd, ...wordsAdd]
  }
  if (round === 2) return [...c, ...d, ...vectorXor, ...b, ...vectorXor, ...wordsAdd]
  return [...d, ...vectorNot, ...b, ...vectorOr, ...c, ...vectorXor, ...wordsAdd]
}

const ROTATIONS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const

function rotate(group: number, step: number): Code {
  const bits = ROTATIONS[step >> 4]?.[step & 3] as number
  const [a, b] = turned(group, step)
  return [
    ...[...localGet(a), ...i32(bits), ...wordsShiftLeft],
    ...[...localGet(a), ...i32(32 - bits), ...wordsShiftRight],
    ...vectorOr,
    ...[...localGet(b), ...wordsAdd, ...localSet(a)],
  ]
}

/** The chaining values change places from step to step. */
function turned(group: number, step: number): readonly [number, number, number, number] {
  const local = (word: number) => chaining(group, (word - step) & 3)
  return [local(0), local(1), local(2), local(3)]
}

function increase(local: number, by: number): Code {
  return [...localGet(local), ...i32(by), ...i32Add, ...localSet(local)]
}

function chaining(group: number, word: number): number {
  return CHAINING + group * 4 + word
}

function blockPlace(group: number, word: number): number {
  return BLOCKS_AT + (group * BLOCK_WORDS + word) * VECTOR_BYTES
}

function eachWord(code: (word: number) => Code): Code {
  return [0, 1, 2, 3].flatMap(code)
}
