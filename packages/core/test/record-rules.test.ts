import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import { InvalidRecordError } from '../src/errors.ts'
import {
  canonicalHashKey,
  checkPartitionKey,
  checkRecordData,
  checkRecordSize,
} from '../src/record-rules.ts'

function refusal(run: () => void): InvalidRecordError {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof InvalidRecordError)
    assert.equal(error.code, 'ERR_KINESIS_INVALID_RECORD')
    return error
  }
  return assert.fail('nothing was thrown')
}

describe('checkPartitionKey', () => {
  it('takes 1 to 256 characters, whatever they cost in UTF-16 or UTF-8', () => {
    for (const key of [
      'a',
      '\0',
      '__proto__',
      'x'.repeat(256),
      '你'.repeat(256),
      '😀'.repeat(256),
    ]) {
      checkPartitionKey(key)
    }
  })

  it('refuses an empty key and one that is too long, with its length', () => {
    assert.match(refusal(() => checkPartitionKey('')).message, /empty/)
    assert.match(refusal(() => checkPartitionKey('x'.repeat(257))).message, /257 characters/)
    assert.match(refusal(() => checkPartitionKey('😀'.repeat(257))).message, /514 UTF-16 units/)
    assert.match(refusal(() => checkPartitionKey('x'.repeat(600))).message, /600/)
  })

  it('refuses half a surrogate pair, which would go out as another key', () => {
    for (const key of ['\ud83d', 'a\ude00b', `${'x'.repeat(99)}\ud800`]) {
      const error = refusal(() => checkPartitionKey(key))
      assert.match(error.message, /surrogate/)
      assert.equal(error.field, 'partitionKey')
    }
  })

  it('refuses what is no text', () => {
    for (const key of [undefined, null, 7, {}]) refusal(() => checkPartitionKey(key))
  })
})

describe('canonicalHashKey', () => {
  it('writes a hash key as KPL does', () => {
    const pairs = [
      ['0', '0'],
      ['+5', '5'],
      ['0005', '5'],
      [' 12 ', '12'],
      ['-0', '0'],
      ['000', '0'],
      ['340282366920938463463374607431768211455', '340282366920938463463374607431768211455'],
    ] as const
    for (const [given, expected] of pairs) assert.equal(canonicalHashKey(given), expected)
  })

  it('refuses everything else and shows it', () => {
    const wrong = [
      '',
      ' ',
      '-1',
      '1.0',
      '1e3',
      '0x1',
      '+',
      '1 2',
      '340282366920938463463374607431768211456',
    ]
    for (const text of wrong) {
      const error = refusal(() => canonicalHashKey(text))
      assert.ok(error.message.includes(JSON.stringify(text)), error.message)
      assert.equal(error.field, 'explicitHashKey')
    }
    refusal(() => canonicalHashKey(5n))
    refusal(() => canonicalHashKey('0'.repeat(1_000_000)))
  })
})

describe('checkRecordSize', () => {
  it('counts data and partition key, and names both and the limit', () => {
    checkRecordSize(1024 * 1024 - 1, 1, 1024 * 1024)
    const error = refusal(() => checkRecordSize(1024 * 1024, 1, 1024 * 1024))
    assert.match(error.message, /1048577 bytes \(1048576 of data, 1 of partition key\).*1048576/)
    assert.match(error.hint, /10 MiB/)
  })

  it('has another hint where 10 MiB is not enough', () => {
    const limit = 10 * 1024 * 1024
    assert.match(refusal(() => checkRecordSize(limit + 1, 1, limit)).hint, /elsewhere/)
  })
})

describe('checkRecordData', () => {
  it('takes bytes only', () => {
    checkRecordData(new Uint8Array(0))
    checkRecordData(Buffer.from('x'))
    checkRecordData(runInNewContext('new Uint8Array([1, 2])'))
    for (const data of [undefined, null, 'text', [1], new Uint16Array(1)])
      refusal(() => checkRecordData(data))
  })
})
