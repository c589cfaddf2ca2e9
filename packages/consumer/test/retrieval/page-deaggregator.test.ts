import assert from 'node:assert/strict'
import type { Codec, ExtendedSequenceNumber, ShardHashKeyRange } from '@millrace/core'
import { aggregate } from '@millrace/core/aggregation'
import type { KinesisRecord } from '@millrace/core/internal'
import type { ConsumerRecord } from '../../src/record.ts'
import type { OnMisplacedAggregate } from '../../src/record-processor.ts'
import { type Obstacle, PageDeaggregator } from '../../src/retrieval/page-deaggregator.ts'
import { HALF, utf8 } from '../shard-fixture.ts'

const LOWER: ShardHashKeyRange = { start: 0n, end: HALF - 1n }
const ABOVE = HALF.toString()

function plain(sequenceNumber: string, text: string): KinesisRecord {
  return bytes(sequenceNumber, Buffer.from(text))
}

function bytes(SequenceNumber: string, Data: Uint8Array): KinesisRecord {
  return { SequenceNumber, Data, PartitionKey: 'k', ApproximateArrivalTimestamp: new Date(7) }
}

/** Texts in capitals lie in the upper half of the key space. */
function packed(sequenceNumber: string, ...texts: readonly string[]): KinesisRecord {
  const [record] = aggregate(
    texts.map((text) => ({
      partitionKey: `key of ${text}`,
      explicitHashKey: text === text.toUpperCase() ? ABOVE : '5',
      data: Buffer.from(text),
    })),
  )
  return bytes(sequenceNumber, record?.data ?? new Uint8Array(0))
}

function damaged(sequenceNumber: string): KinesisRecord {
  const record = packed(sequenceNumber, 'a', 'b', 'c')
  const data = Uint8Array.from(record.Data)
  const last = data.length - 1
  data[last] = (data[last] ?? 0) ^ 1
  return { ...record, Data: data }
}

function deaggregator(
  given: {
    after?: ExtendedSequenceNumber
    range?: ShardHashKeyRange
    policy?: OnMisplacedAggregate
    codec?: Codec<string>
    misplaced?: [string, number][]
  } = {},
): PageDeaggregator<string> {
  return new PageDeaggregator<string>({
    codec: given.codec ?? utf8,
    after: given.after,
    hashKeyRange: given.range,
    onMisplacedAggregate: given.policy ?? 'deliver',
    onMisplaced: (...call) => given.misplaced?.push(call),
  })
}

function all(
  from: PageDeaggregator<string>,
  ...page: readonly KinesisRecord[]
): { texts: string[]; obstacle: Obstacle | undefined } {
  from.load(page)
  const records: ConsumerRecord<string>[] = []
  let obstacle = from.fill(records, Number.POSITIVE_INFINITY)
  while (obstacle?.kind === 'misplaced') {
    from.judgeMisplaced(false)
    obstacle = from.fill(records, Number.POSITIVE_INFINITY)
  }
  return { texts: records.map((record) => record.data), obstacle }
}

describe('PageDeaggregator', () => {
  it('gives every field of plain and aggregated records', () => {
    const from = deaggregator()
    from.load([plain('10', 'p'), packed('11', 'a', 'b')])
    const records: ConsumerRecord<string>[] = []
    assert.equal(from.fill(records, 10), undefined)
    const approximateArrivalTimestamp = new Date(7)
    assert.deepEqual(records, [
      {
        data: 'p',
        partitionKey: 'k',
        explicitHashKey: undefined,
        sequenceNumber: '10',
        subSequenceNumber: 0,
        approximateArrivalTimestamp,
        aggregated: false,
      },
      ...['a', 'b'].map((data, subSequenceNumber) => ({
        data,
        partitionKey: `key of ${data}`,
        explicitHashKey: '5',
        sequenceNumber: '11',
        subSequenceNumber,
        approximateArrivalTimestamp,
        aggregated: true,
      })),
    ])
    assert.deepEqual(from.position, { sequenceNumber: '11', subSequenceNumber: 1 })
    assert.equal(from.bytes, 3)
    assert.equal(from.isExhausted, true)
  })

  it('gives a record without a partition key as one without (R14)', () => {
    const { PartitionKey: _, ...record } = plain('1', 'x')
    const from = deaggregator({ range: LOWER, policy: 'drop' })
    from.load([record])
    const records: ConsumerRecord<string>[] = []
    from.fill(records, 1)
    assert.equal(records.length, 1)
    assert.equal(records[0]?.partitionKey, undefined)
  })

  it('resumes in the middle of an aggregate, neither before nor behind (S10)', () => {
    for (const sub of [0, 1, 2]) {
      const from = deaggregator({ after: { sequenceNumber: '11', subSequenceNumber: sub } })
      const page = [plain('9', 'before'), packed('11', 'a', 'b', 'c'), plain('12', 'next')]
      assert.deepEqual(all(from, ...page).texts, [...['a', 'b', 'c'].slice(sub + 1), 'next'])
    }
  })

  it('gives nothing twice when a page comes again, also by numbers of other lengths', () => {
    const from = deaggregator()
    const page = [plain('9', 'a'), plain('10', 'b')]
    assert.deepEqual(all(from, ...page).texts, ['a', 'b'])
    assert.deepEqual(all(from, ...page, plain('11', 'c')).texts, ['c'])
  })

  it('splits a page into batches of the size asked for, and knows when it is exhausted', () => {
    const from = deaggregator()
    from.load([packed('1', 'a', 'b', 'c'), plain('2', 'd')])
    const batches: string[] = []
    while (!from.isExhausted) {
      const records: ConsumerRecord<string>[] = []
      from.fill(records, 3)
      batches.push(records.map((record) => record.data).join(''))
    }
    assert.deepEqual(batches, ['abc', 'd'])
  })

  it('stops at a damaged aggregate until told what to do with it (R13)', () => {
    const bad = damaged('2')
    const page = [plain('1', 'a'), bad, plain('3', 'c')]
    for (const verdict of ['raw', 'skip'] as const) {
      const from = deaggregator()
      from.load(page)
      const records: ConsumerRecord<string>[] = []
      const obstacle = from.fill(records, 10)
      assert.deepEqual(
        [obstacle?.kind, obstacle?.reason, obstacle?.sequenceNumber],
        ['malformed', 'checksum', '2'],
      )
      assert.deepEqual(obstacle?.data, bad.Data)
      assert.deepEqual(from.position, { sequenceNumber: '1', subSequenceNumber: 0 })
      assert.equal(from.isExhausted, false)
      if (verdict === 'raw') from.deliverRaw()
      else from.skip()
      assert.equal(from.fill(records, 10), undefined)
      assert.deepEqual(
        records.map((record) => record.sequenceNumber),
        verdict === 'raw' ? ['1', '2', '3'] : ['1', '3'],
      )
      assert.equal(from.position?.sequenceNumber, '3')
    }
  })

  it('stops at bytes that the codec refuses, tries them again or passes over them', () => {
    let broken = true
    const codec: Codec<string> = {
      ...utf8,
      decode: (data) => {
        const text = utf8.decode(data)
        if (text === 'b' && broken) throw new Error('refused')
        return text
      },
    }
    const from = deaggregator({ codec })
    const first = all(from, packed('1', 'a', 'b', 'c'))
    assert.deepEqual(first.texts, ['a'])
    assert.equal(first.obstacle?.kind, 'codec')
    assert.match(String(from.retryDecode()?.error), /refused/)
    broken = false
    assert.equal(from.retryDecode(), undefined)
    const rest: ConsumerRecord<string>[] = []
    assert.equal(from.fill(rest, 10), undefined)
    assert.deepEqual(
      rest.map((record) => record.data),
      ['b', 'c'],
    )
  })
})

describe('PageDeaggregator with misplaced user records (R12)', () => {
  const page = [packed('1', 'a', 'B', 'c', 'D'), packed('2', 'e', 'f'), packed('3', 'G', 'H')]
  const cases: [OnMisplacedAggregate, ShardHashKeyRange | undefined, string, [string, number][]][] =
    [
      [
        'deliver',
        LOWER,
        'aBcDefGH',
        [
          ['1', 2],
          ['3', 2],
        ],
      ],
      [
        'filter',
        LOWER,
        'acef',
        [
          ['1', 2],
          ['3', 2],
        ],
      ],
      [
        'drop',
        LOWER,
        'ef',
        [
          ['1', 2],
          ['3', 2],
        ],
      ],
      ['deliver', undefined, 'aBcDefGH', []],
      ['filter', undefined, 'aBcDefGH', []],
      ['drop', undefined, 'aBcDefGH', []],
    ]
  for (const [policy, range, texts, expected] of cases) {
    it(`${policy} ${range === undefined ? 'without a known range leaves them alone' : 'counts each aggregate once'}`, () => {
      const misplaced: [string, number][] = []
      const from = deaggregator({ policy, misplaced, ...(range === undefined ? {} : { range }) })
      assert.equal(all(from, ...page).texts.join(''), texts)
      assert.deepEqual(misplaced, expected)
      // What was passed over is behind us, and never comes back.
      assert.deepEqual(from.position, { sequenceNumber: '3', subSequenceNumber: 1 })
      assert.deepEqual(all(from, ...page).texts, [])
    })
  }

  it('asks once a page before anything is withheld, and withholds nothing of an AUTO stream', () => {
    for (const policy of ['filter', 'drop'] as const) {
      const misplaced: [string, number][] = []
      const from = deaggregator({ policy, misplaced, range: LOWER })
      const records: ConsumerRecord<string>[] = []
      from.load(page.slice(0, 1))
      assert.equal(from.fill(records, 9)?.kind, 'misplaced')
      assert.deepEqual(misplaced, [])
      from.judgeMisplaced(false)
      assert.equal(from.fill(records, 9), undefined)
      assert.deepEqual(misplaced, [['1', 2]])
      // The stream has been switched meanwhile.
      from.load(page.slice(1))
      assert.equal(from.fill(records, 9)?.kind, 'misplaced')
      from.judgeMisplaced(true)
      assert.equal(from.fill(records, 9), undefined)
      assert.equal(from.isExhausted, true)
      const texts = records.map(({ data }) => data).join('')
      assert.equal(texts, `${policy === 'filter' ? 'ac' : ''}efGH`)
      assert.deepEqual(misplaced, [['1', 2]])
    }
  })

  it('never looks at plain records, which the service itself placed', () => {
    const from = deaggregator({ policy: 'drop', range: { start: 0n, end: 0n } })
    assert.deepEqual(all(from, plain('1', 'x')).texts, ['x'])
  })
})
