import assert from 'node:assert/strict'
import { InputError, parseNdjson } from '../../demo/parse-input.ts'

function complaint(input: string | Uint8Array): string {
  try {
    parseNdjson(Buffer.from(input), 'key')
    return ''
  } catch (cause) {
    assert.ok(cause instanceof InputError)
    return cause.message
  }
}

describe('parseNdjson', () => {
  it('keeps the bytes of each line and takes the key from the field', () => {
    const records = parseNdjson(Buffer.from('{"key":"ключ🔑", "v": 1.0}\r\n{"key":7}\n\n'), 'key')
    assert.deepEqual(
      records.map(({ partitionKey, data }) => [partitionKey, Buffer.from(data).toString()]),
      [
        ['ключ🔑', '{"key":"ключ🔑", "v": 1.0}'],
        ['7', '{"key":7}'],
      ],
    )
  })

  it('names the line that is not JSON', () => {
    assert.equal(complaint('{"key":"a"}\n{"key":\n{"key":"b"}'), 'line 2 is not JSON')
    assert.equal(complaint('{"key":"a"}\n\n{"key":"b"}\n'), 'line 2 is not JSON: it is empty')
    const latin1 = Buffer.concat([
      Buffer.from('{"key":"a"}\n{"key":"'),
      Buffer.from([0xe9, 0x22, 0x7d]),
    ])
    assert.equal(complaint(latin1), 'line 2 is not JSON: its bytes are not UTF-8')
  })

  it('names the line that lacks the key field', () => {
    assert.equal(complaint('{"key":"a"}\n{"kay":"b"}'), 'line 2 lacks the key field "key"')
    assert.equal(complaint('[1]'), 'line 1 is not a JSON object')
    assert.match(
      complaint('{"key":null}'),
      /line 1: the key field "key" is neither text nor a number/,
    )
  })

  it('does not take an inherited property for the field', () => {
    assert.throws(() => parseNdjson(Buffer.from('{"key":"a"}'), 'toString'), /lacks the key field/)
  })

  it('names the line whose record the service would refuse', () => {
    assert.match(complaint('{"key":""}'), /line 1: The partition key is empty/)
    assert.match(complaint('{"key":"\\ud800"}'), /line 1: .*surrogate/)
    assert.match(
      complaint(`{"key":"a","v":"${'x'.repeat(1 << 20)}"}`),
      /line 1: The record has 1048\d+/,
    )
  })

  it('refuses an input without records', () => {
    assert.equal(complaint('\n\n'), 'the input has no records')
  })
})
