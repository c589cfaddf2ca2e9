import assert from 'node:assert/strict'
import { type dynamo, MAX_HASH_KEY } from '@millrace/core'
import { isSequenceNumber, isSequenceSentinel } from '@millrace/core/internal'
import fc from 'fast-check'
import type { Lease } from '../../src/lease/lease.ts'
import { newLeaseRow, readLeaseRow } from '../../src/lease/lease-row.ts'
import { goldenItem, goldenMoments, goldenRequests } from './golden.ts'

function leaseIn(row: dynamo.Item): Lease {
  const reading = readLeaseRow(row)
  if (reading.kind !== 'lease') assert.fail(JSON.stringify(reading))
  return reading.lease
}

const bare: dynamo.Item = {
  leaseKey: { S: 'shardId-000000000001' },
  leaseCounter: { N: '7' },
  checkpoint: { S: '123' },
  checkpointSubSequenceNumber: { N: '2' },
  ownerSwitchesSinceCheckpoint: { N: '1' },
}

describe('readLeaseRow', () => {
  it('reads every lease row that KCL was seen to write, and only those', () => {
    let leases = 0
    for (const { file, moment, table, items } of goldenMoments()) {
      if (table !== 'lease table') continue
      for (const item of items) {
        const reading = readLeaseRow(item)
        const isLease = item['entityType']?.S === 'LEASE'
        const where = `${file} ${moment} ${item['leaseKey']?.S}`
        assert.equal(reading.kind, isLease ? 'lease' : 'other', where)
        if (isLease) leases++
      }
    }
    assert.ok(leases > 100, `${leases} lease rows`)
  })

  it('reads each attribute of a row in a handoff', () => {
    const row = goldenItem('golden3x.json', 'handoff-pending', 'shardId-000000000000')
    assert.deepEqual(leaseIn(row), {
      leaseKey: 'shardId-000000000000',
      shardId: 'shardId-000000000000',
      leaseOwner: 'w2',
      leaseCounter: 64,
      checkpointOwner: 'w1',
      checkpoint: {
        sequenceNumber: '49680503018351217237587474467035764806657281496337874946',
        subSequenceNumber: 0,
      },
      ownerSwitchesSinceCheckpoint: 0,
      parentShardIds: [],
      childShardIds: [],
      hashKeyRange: { start: 0n, end: 85070591730234615865843651857942052863n },
      throughputKBps: 0.573819,
      pendingCheckpoint: undefined,
      pendingCheckpointState: undefined,
      startTimestampMs: undefined,
    })
  })

  it('reads parents, children, sub-sequence numbers and Java numbers', () => {
    const at = (moment: string, shard: number): Lease =>
      leaseIn(goldenItem('golden3x.json', moment, `shardId-00000000000${shard}`))
    assert.deepEqual(at('merge-child-created', 6).parentShardIds, [
      'shardId-000000000002',
      'shardId-000000000003',
    ])
    const ended = at('split-parent-ended', 0)
    assert.deepEqual(ended.childShardIds, ['shardId-000000000004', 'shardId-000000000005'])
    assert.equal(ended.checkpoint.sequenceNumber, 'SHARD_END')
    assert.equal(at('checkpointed-subsequence', 1).checkpoint.subSequenceNumber, 4)
    assert.equal(at('merge-child-running', 0).throughputKBps, 0.000034)
  })

  it('reads a prepared checkpoint with the bytes of the application', () => {
    const lease = leaseIn(goldenItem('goldenprepared.json', 'prepared', 'shardId-000000000001'))
    assert.deepEqual(lease.pendingCheckpoint, {
      sequenceNumber: '49680503020514389521844944910969256289797737838087766034',
      subSequenceNumber: 0,
    })
    assert.equal(
      new TextDecoder().decode(lease.pendingCheckpointState),
      'state-of-shardId-000000000001',
    )
  })

  it('reads a row without a hash key range, which someone took out by hand', () => {
    const row = goldenItem(
      'goldenhandofftimeout.json',
      'hash-range-removed',
      'shardId-000000000001',
    )
    assert.equal(leaseIn(row).hashKeyRange, undefined)
  })

  it('takes a row without entityType for a lease, as rows older than 3.5 are', () => {
    assert.equal(leaseIn(bare).leaseCounter, 7)
    assert.equal(readLeaseRow({ leaseKey: { S: 'Leader' }, ownerName: { S: 'w1' } }).kind, 'other')
  })

  it('leaves rows of an unknown entityType alone, whatever else they look like', () => {
    assert.equal(readLeaseRow({ ...bare, entityType: { S: 'STREAM' } }).kind, 'other')
    assert.equal(readLeaseRow({ ...bare, entityType: { N: '1' } }).kind, 'unknown')
    assert.equal(readLeaseRow({ ...bare, entityType: { S: 'SHOPPING' } }).kind, 'unknown')
    assert.equal(readLeaseRow({ leaseKey: { S: 'x' }, note: { S: 'y' } }).kind, 'unknown')
  })

  it('never takes a row of the fleet itself for a lease, whatever is written in it', () => {
    for (const key of ['Leader', 'Migration3.0', 'TableMigration3.5']) {
      const row = { ...bare, leaseKey: { S: key }, entityType: { S: 'LEASE' } }
      assert.equal(readLeaseRow(row).kind, 'other')
    }
  })

  it('knows the leases of a consumer of many streams, broken ones too', () => {
    const key = { S: '123456789012:orders:1700000000:shardId-000000000001' }
    const streamName = { S: '123456789012:orders:1700000000' }
    for (const row of [
      { ...bare, leaseKey: key, streamName, shardId: { S: 'shardId-000000000001' } },
      { ...bare, leaseKey: key },
      { ...bare, leaseKey: key, leaseCounter: { S: 'x' } },
      { ...bare, streamName, shardId: { S: 'shardId-000000000001' } },
    ]) {
      assert.equal(readLeaseRow(row).kind, 'multi-stream')
    }
    // Attributes of other software that happen to have the name.
    assert.equal(readLeaseRow({ ...bare, streamName: { S: 'orders' } }).kind, 'lease')
    assert.equal(readLeaseRow({ ...bare, shardId: { S: 'shardId-9' } }).kind, 'malformed')
  })

  const spoilt: readonly (readonly [string, dynamo.AttributeValue | undefined])[] = [
    ['leaseCounter', { N: '-1' }],
    ['leaseCounter', { N: '1.5' }],
    ['leaseCounter', { N: '9007199254740993' }],
    ['leaseCounter', { S: '7' }],
    ['checkpoint', undefined],
    ['checkpoint', { S: '' }],
    ['checkpoint', { S: '12a' }],
    ['checkpoint', { S: 'NEWEST' }],
    ['checkpoint', { N: '12' }],
    ['ownerSwitchesSinceCheckpoint', undefined],
    ['ownerSwitchesSinceCheckpoint', { S: '1' }],
    ['leaseOwner', { N: '1' }],
    ['checkpointOwner', { SS: ['w1'] }],
    ['parentShardId', { S: 'shardId-000000000000' }],
    ['childShardIds', { L: [{ S: 'shardId-000000000000' }] }],
  ]
  for (const [attribute, value] of spoilt) {
    it(`does not trust a row whose ${attribute} is ${JSON.stringify(value)}`, () => {
      const { [attribute]: _, ...rest } = { ...bare, entityType: { S: 'LEASE' } } as dynamo.Item
      const row = value === undefined ? rest : { ...rest, [attribute]: value }
      const reading = readLeaseRow(row)
      assert.equal(reading.kind, 'malformed')
      if (reading.kind !== 'malformed') return
      assert.equal(reading.leaseKey, 'shardId-000000000001')
      assert.ok(reading.why.startsWith(attribute), reading.why)
    })
  }

  it('never crashes, and what it calls a lease is one', () => {
    fc.assert(
      fc.property(hostileRow(), (row) => {
        const reading = readLeaseRow(row)
        if (reading.kind !== 'lease') return
        const { lease } = reading
        assert.ok(Number.isSafeInteger(lease.leaseCounter) && lease.leaseCounter >= 0)
        assert.ok(lease.ownerSwitchesSinceCheckpoint >= 0)
        for (const at of [lease.checkpoint, lease.pendingCheckpoint]) {
          if (at === undefined) continue
          assert.ok(isSequenceNumber(at.sequenceNumber) || isSequenceSentinel(at.sequenceNumber))
          assert.ok(Number.isSafeInteger(at.subSequenceNumber) && at.subSequenceNumber >= 0)
        }
        assert.notEqual(lease.leaseOwner, '')
        assert.equal(lease.leaseOwner ?? '', row['leaseOwner']?.S ?? '')
        assert.equal(lease.checkpointOwner ?? '', row['checkpointOwner']?.S ?? '')
        if (lease.hashKeyRange === undefined) return
        assert.ok(lease.hashKeyRange.start <= lease.hashKeyRange.end)
        assert.ok(lease.hashKeyRange.end <= MAX_HASH_KEY)
      }),
      { numRuns: 500 },
    )
  })
})

describe('newLeaseRow', () => {
  it('equals the rows that KCL created, attribute for attribute', () => {
    const created = [
      ...goldenRequests<dynamo.PutItemInput>('create lease if absent'),
      ...goldenRequests<dynamo.PutItemInput>('create lease if absent, child shard'),
    ].map(({ Item }) => Item)
    for (const { moment, items } of goldenMoments()) {
      const untouched = items.filter(
        (item) => item['entityType']?.S === 'LEASE' && item['leaseCounter']?.N === '0',
      )
      if (moment !== 'phase1') created.push(...untouched)
    }
    assert.ok(created.length >= 10, `${created.length} rows`)
    for (const row of created) {
      const lease = leaseIn(row)
      const { leaseKey, checkpoint, parentShardIds, hashKeyRange } = lease
      assert.ok(hashKeyRange !== undefined)
      assert.deepEqual(newLeaseRow({ leaseKey, checkpoint, parentShardIds, hashKeyRange }), row)
    }
  })

  it('carries where the counter and the reading start, for a row that is made again', () => {
    const lease = leaseIn(
      newLeaseRow({
        leaseKey: 'shardId-000000000001',
        checkpoint: { sequenceNumber: 'LATEST', subSequenceNumber: 0 },
        parentShardIds: [],
        hashKeyRange: { start: 0n, end: 1n },
        leaseCounter: 1040,
        startTimestampMs: 300,
      }),
    )
    assert.equal(lease.leaseCounter, 1040)
    assert.equal(lease.startTimestampMs, 300)
  })

  it('is read back as what it was made of', () => {
    const shard = fc.integer({ min: 0, max: 99 }).map((n) => `shardId-${n}`)
    const hashKey = fc.bigInt({ min: 0n, max: MAX_HASH_KEY })
    fc.assert(
      fc.property(
        shard,
        fc.uniqueArray(shard, { maxLength: 2 }),
        fc.tuple(hashKey, hashKey),
        fc.constantFrom('TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP', '123'),
        fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
        (leaseKey, parentShardIds, [a, b], sequenceNumber, leaseOwner) => {
          const hashKeyRange = a < b ? { start: a, end: b } : { start: b, end: a }
          const checkpoint = { sequenceNumber, subSequenceNumber: 0 }
          const lease = leaseIn(
            newLeaseRow({ leaseKey, checkpoint, parentShardIds, hashKeyRange, leaseOwner }),
          )
          assert.deepEqual(
            {
              leaseKey: lease.leaseKey,
              checkpoint: lease.checkpoint,
              parents: lease.parentShardIds,
              hashKeyRange: lease.hashKeyRange,
              owner: lease.leaseOwner,
              counter: lease.leaseCounter,
            },
            {
              leaseKey,
              checkpoint,
              parents: [...parentShardIds].sort(),
              hashKeyRange,
              owner: leaseOwner,
              counter: 0,
            },
          )
        },
      ),
    )
  })
})

/** Rows near enough to a lease to get past the first checks. */
function hostileRow(): fc.Arbitrary<dynamo.Item> {
  const text = fc.oneof(
    fc.constantFrom(
      '',
      '0',
      '123',
      '-5',
      'TRIM_HORIZON',
      'SHARD_END',
      'LEASE',
      `${'9'.repeat(129)}`,
    ),
    fc.string({ maxLength: 5 }),
  )
  const number = fc.constantFrom(
    '',
    '0',
    '1',
    '-1',
    '1e400',
    'NaN',
    '0x10',
    '3.5',
    '1E-7',
    '99999999999999999999',
  )
  const value: fc.Arbitrary<dynamo.AttributeValue> = fc.oneof(
    { weight: 4, arbitrary: text.map((S) => ({ S })) },
    { weight: 4, arbitrary: number.map((N) => ({ N })) },
    fc.array(text, { maxLength: 3 }).map((SS) => ({ SS })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true }),
    fc.constant({ M: {} }),
    fc.constant({}),
  )
  const likely: Record<string, fc.Arbitrary<dynamo.AttributeValue>> = {
    leaseKey: fc.constant({ S: 'shardId-000000000000' }),
    leaseCounter: fc.constant({ N: '3' }),
    checkpoint: fc.constant({ S: '55' }),
    ownerSwitchesSinceCheckpoint: fc.constant({ N: '0' }),
    entityType: fc.constant({ S: 'LEASE' }),
  }
  const names = [
    'checkpointSubSequenceNumber',
    'leaseOwner',
    'checkpointOwner',
    'parentShardId',
    'childShardIds',
    'startingHashKey',
    'endingHashKey',
    'throughputKBps',
    'pendingCheckpoint',
    'pendingCheckpointSubSequenceNumber',
    'pendingCheckpointState',
    'startTimestampMs',
    'shardId',
    '__proto__x',
  ]
  const model: Record<string, fc.Arbitrary<dynamo.AttributeValue>> = {}
  for (const name of names) model[name] = value
  for (const [name, arbitrary] of Object.entries(likely)) {
    model[name] = fc.oneof({ weight: 9, arbitrary }, { weight: 1, arbitrary: value })
  }
  // A key that fast-check leaves out is absent, never undefined.
  return fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<dynamo.Item>
}
