/**
 * Rows that somebody else wrote into the lease table, by seed: noise, leases that are almost right,
 * leases of many streams, unknown kinds, rows of the fleet gone wrong, and what is simply huge.
 */
import type { dynamo } from '@millrace/core'
import { SeededRandom } from '@millrace/testing'

type Value = dynamo.AttributeValue

const KINDS = [
  'noise',
  'half',
  'half',
  'half',
  'many',
  'unknown',
  'fleet',
  'huge',
  'valid',
] as const
const TEXTS = [
  ...['', '0', '1', '-1', '123', '0123', '1e3', '12a', ' 7', '٣', 'NaN', 'Infinity', '0x10'],
  ...['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP', 'SHARD_END', 'shard_end', 'NEWEST', 'LEASE'],
  ...['a', 'b', 'ghost', 'Leader', 'Migration3.0', 'shardId-000000000000', '__proto__'],
  ...['constructor', '\u0000', '\ud800', '😀', "'; DROP TABLE leases; --", '$(reboot)', '%s%n'],
  '9'.repeat(39),
  '9'.repeat(57),
  '9'.repeat(129),
  '340282366920938463463374607431768211455',
  '340282366920938463463374607431768211456',
]
const NUMBERS = [
  ...['0', '1', '3', '-1', '-9007199254740993', '9007199254740991', '9007199254740992', '1.5'],
  ...['1e-7', '1e125', '-1e125', '0.000034', '99999999999999999999999999999999999999'],
]
/** Numbers as no DynamoDB stores them, but a port that somebody wrote might answer. */
const NO_NUMBERS = ['', 'NaN', 'Infinity', '1e400', '0x10', 'seven', ' 1']
const NAMES = [
  ...['leaseOwner', 'checkpointOwner', 'parentShardId', 'childShardIds', 'startingHashKey'],
  ...['endingHashKey', 'throughputKBps', 'pendingCheckpoint', 'pendingCheckpointState'],
  ...['pendingCheckpointSubSequenceNumber', 'startTimestampMs', 'shardId', 'streamName'],
  ...['leaseCounter', 'checkpoint', 'checkpointSubSequenceNumber', 'ownerSwitchesSinceCheckpoint'],
  ...['entityType', 'lut', 'sts', 'opr', 'slu', 'sup', 'properties', 'ownerName', 'leaseDuration'],
  ...['recordVersionNumber', 'isReleased', 'cv', 'mb', 'mts', 'h', 'tm', 'streamId'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'S', 'then', 'x'.repeat(255), 'ü'],
]
const FLEET_TYPES = [
  ...['STREAM', 'LEADER', 'CLIENT_VERSION_MIGRATION', 'TABLE_MIGRATION', 'WORKER_METRIC_STATS'],
]
const UNKNOWN_TYPES: readonly Value[] = [
  ...['', 'lease', 'LEASE ', 'LEASES', 'SETTINGS', '__proto__', 'toString'].map((S) => ({ S })),
  ...[
    { N: '1' },
    { BOOL: true },
    { NULL: true },
    { SS: ['LEASE'] },
    { L: [{ S: 'LEASE' }] },
    { M: {} },
  ],
]
const RESERVED = ['Leader', 'Migration3.0', 'TableMigration3.5']

export interface HostileRowsOptions {
  /** Only what a DynamoDB with an owner index would store, and never over a row of the fleet. */
  readonly storable: boolean
}

export class HostileRows {
  readonly #random: SeededRandom
  readonly #storable: boolean
  #count = 0

  constructor(seed: number, { storable }: HostileRowsOptions) {
    this.#random = new SeededRandom(seed, 'hostile rows')
    this.#storable = storable
  }

  next(): dynamo.Item {
    this.#count++
    const kind = this.#oneOf(KINDS)
    switch (kind) {
      case 'noise':
        return this.#row(this.#key(), this.#attributes(8))
      case 'half':
        return this.#row(this.#key(), [...this.#lease(), ...this.#spoilt()])
      case 'many':
        return this.#ofManyStreams()
      case 'unknown':
        return this.#row(this.#key(), [
          ...this.#lease(),
          ['entityType', this.#oneOf(UNKNOWN_TYPES)],
          ...this.#attributes(2),
        ])
      case 'fleet':
        return this.#ofTheFleet()
      case 'huge':
        return this.#huge()
      case 'valid':
        return this.#row(this.#key(), this.#lease())
      default:
        return kind satisfies never
    }
  }

  /** As KCL would write it, of a shard that never was. */
  #lease(): [string, Value][] {
    const entries: [string, Value][] = [
      ['leaseCounter', { N: String(this.#below(1000)) }],
      ['checkpoint', { S: this.#oneOf(['TRIM_HORIZON', 'LATEST', '123', 'SHARD_END']) }],
      ['checkpointSubSequenceNumber', { N: '0' }],
      ['ownerSwitchesSinceCheckpoint', { N: String(this.#below(3)) }],
    ]
    if (this.#chance(0.8)) entries.push(['entityType', { S: 'LEASE' }])
    if (this.#chance(0.4)) entries.push(['leaseOwner', { S: this.#oneOf(['a', 'b', 'ghost']) }])
    if (this.#chance(0.1)) entries.push(['checkpointOwner', { S: this.#oneOf(['a', 'ghost']) }])
    if (this.#chance(0.5)) {
      entries.push(['startingHashKey', { S: '0' }], ['endingHashKey', { S: '99' }])
    }
    if (this.#chance(0.2)) entries.push(['parentShardId', { SS: [`shardId-old-${this.#count}`] }])
    if (this.#chance(0.1)) entries.push(['childShardIds', { SS: [`shardId-new-${this.#count}`] }])
    return entries
  }

  /** What makes a lease none, or no longer quite. */
  #spoilt(): [string, Value][] {
    return Array.from({ length: 1 + this.#below(3) }, () => [this.#oneOf(NAMES), this.#value()])
  }

  #attributes(most: number): [string, Value][] {
    return Array.from({ length: this.#below(most + 1) }, () => [this.#oneOf(NAMES), this.#value()])
  }

  #ofManyStreams(): dynamo.Item {
    const odd = this.#chance(0.3)
    const account = odd ? this.#oneOf(['0', 'acct', '']) : '123456789012'
    const name = odd ? this.#oneOf(['orders', '']) : 'orders'
    const epoch = odd ? this.#oneOf(['1700000000', '0', '-1', '1e9']) : '1700000000'
    const stream = `${account}:${name}:${epoch}`
    const shardId = `shardId-${String(this.#count).padStart(12, '0')}`
    const attributes = this.#lease()
    if (this.#chance(0.8)) attributes.push(['streamName', { S: stream }])
    if (this.#chance(0.8)) attributes.push(['shardId', { S: shardId }])
    if (this.#chance(0.3)) attributes.push(...this.#spoilt())
    const key = this.#chance(0.2) ? this.#key() : `${stream}:${shardId}`
    return this.#row(key, attributes)
  }

  #ofTheFleet(): dynamo.Item {
    const key = !this.#storable && this.#chance(0.3) ? this.#oneOf(RESERVED) : this.#key()
    const attributes: [string, Value][] = this.#chance(0.3) ? this.#lease() : []
    attributes.push(['entityType', { S: this.#oneOf(FLEET_TYPES) }], ...this.#attributes(6))
    return this.#row(key, attributes)
  }

  #huge(): dynamo.Item {
    const key = this.#chance(0.5) ? this.#key() : `${this.#key()}${'k'.repeat(1900)}`
    let nested: Value = { S: 'core' }
    for (let i = 0; i < 28; i++) nested = i % 2 === 0 ? { L: [nested] } : { M: { inner: nested } }
    return this.#row(key, [
      ...this.#lease(),
      [this.#oneOf(NAMES), { S: this.#oneOf(['9', 'x', '\u0000', '😀']).repeat(20_000) }],
      [this.#oneOf(NAMES), { SS: Array.from({ length: 500 }, (_, i) => `shardId-${i}`) }],
      [this.#oneOf(NAMES), nested],
    ])
  }

  #value(): Value {
    const random = this.#below(this.#storable ? 10 : 13)
    switch (random) {
      case 0:
      case 1:
      case 2:
        return { S: this.#oneOf(TEXTS) }
      case 3:
      case 4:
        return { N: this.#oneOf(NUMBERS) }
      case 5:
        return { SS: [this.#oneOf(TEXTS), `s${this.#count}`] }
      case 6:
        return { B: new Uint8Array([this.#below(256), 0]) }
      case 7:
        return this.#oneOf<Value>([{ BOOL: true }, { NULL: true }, { NS: ['1', '2'] }])
      case 8:
        return { L: [{ S: this.#oneOf(TEXTS) }, { N: '1' }] }
      case 9:
        return { M: own([[this.#oneOf(NAMES), { L: [{ N: this.#oneOf(NUMBERS) }] }]]) }
      case 10:
        return { N: this.#oneOf(NO_NUMBERS) }
      case 11:
        return this.#oneOf<Value>([{}, { SS: [] }, { S: 'a', N: '1' }])
      default:
        // What a port of somebody's own might let through.
        return this.#oneOf([null, 7, 'text', [], { S: 7 }, { SS: 'abc' }, { N: {} }]) as Value
    }
  }

  #key(): string {
    const own = `shardId-x${this.#count}`
    if (this.#storable || this.#chance(0.9)) return this.#chance(0.8) ? own : `${own} 😀 $&`
    return this.#oneOf(TEXTS)
  }

  #row(key: string, attributes: readonly (readonly [string, Value])[]): dynamo.Item {
    const entries: (readonly [string, Value])[] = [['leaseKey', { S: key }], ...attributes]
    if (!this.#storable && this.#chance(0.03)) entries.push(['leaseKey', this.#value()])
    return own(entries)
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability
  }

  #below(bound: number): number {
    return Math.floor(this.#random.next() * bound)
  }

  #oneOf<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)] as T
  }
}

/** Also `__proto__` becomes a property of the row itself. */
function own(entries: readonly (readonly [string, Value])[]): dynamo.Item {
  return Object.fromEntries(entries)
}
