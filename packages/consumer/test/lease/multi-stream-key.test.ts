import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseMultiStreamKey, parseStreamIdentifier } from '../../src/lease/multi-stream-key.ts'

describe('parseStreamIdentifier', () => {
  it('takes an identifier apart', () => {
    assert.deepEqual(parseStreamIdentifier('123456789012:orders:1700000000'), {
      accountId: '123456789012',
      streamName: 'orders',
      creationEpoch: 1_700_000_000,
    })
  })

  for (const text of [
    '',
    'orders',
    '123456789012:orders',
    '123456789012:orders:',
    '123456789012:orders:0',
    '123456789012:orders:-1',
    '123456789012:orders:1e9',
    '123456789012::1700000000',
    ':orders:1700000000',
    'acct:orders:1700000000',
    '123456789012:orders:1700000000:shardId-000000000000',
  ]) {
    it(`knows that ${JSON.stringify(text)} is none`, () => {
      assert.equal(parseStreamIdentifier(text), undefined)
    })
  }
})

describe('parseMultiStreamKey', () => {
  it('finds stream and shard in every key that Java makes', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9]{12}$/),
        fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/),
        fc.integer({ min: 1, max: 4_000_000_000 }),
        fc.stringMatching(/^shardId-[0-9]{12}$/),
        (accountId, streamName, creationEpoch, shardId) => {
          const key = `${accountId}:${streamName}:${creationEpoch}:${shardId}`
          assert.deepEqual(parseMultiStreamKey(key), {
            ...{ accountId, streamName, creationEpoch, shardId },
          })
        },
      ),
      { numRuns: 100 },
    )
  })

  it('finds none in a shard id, a worker id or an identifier without a shard', () => {
    for (const key of [
      'shardId-000000000000',
      'host:4711:0f8fad5b-d9cb-469f-a165-70867728950e',
      '123456789012:orders:1700000000',
      '123456789012:orders:1700000000:',
      'Leader',
      '',
      ':::',
    ]) {
      assert.equal(parseMultiStreamKey(key), undefined, key)
    }
  })

  it('never crashes', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseMultiStreamKey(text)))
  })
})
