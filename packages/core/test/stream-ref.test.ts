import assert from 'node:assert/strict'
import { InvalidOptionError } from '../src/errors.ts'
import { resolveStreamRef, streamInput } from '../src/stream-ref.ts'

const ARN = 'arn:aws:kinesis:eu-west-1:123456789012:stream/flights'

describe('resolveStreamRef', () => {
  it('takes a name', () => {
    assert.deepEqual(resolveStreamRef('stream', 'flights_1.a-B'), {
      streamName: 'flights_1.a-B',
      streamArn: undefined,
      streamId: undefined,
      region: undefined,
    })
  })

  it('reads name and region from an ARN of any partition', () => {
    for (const partition of ['aws', 'aws-cn', 'aws-us-gov']) {
      const arn = ARN.replace('arn:aws:', `arn:${partition}:`)
      const stream = resolveStreamRef('stream', arn)
      assert.deepEqual(
        [stream.streamName, stream.streamArn, stream.region],
        ['flights', arn, 'eu-west-1'],
      )
    }
  })

  it('keeps the stream id beside an ARN', () => {
    assert.equal(resolveStreamRef('stream', { arn: ARN, streamId: 'id-1' }).streamId, 'id-1')
    assert.equal(resolveStreamRef('stream', { arn: ARN }).streamId, undefined)
  })

  const refused: readonly unknown[] = [
    '',
    'two words',
    'x'.repeat(129),
    'flüge',
    'name\n',
    'arn:aws:kinesis:eu-west-1:123456789012:stream/',
    'arn:aws:kinesis:eu-west-1:1234:stream/flights',
    'arn:aws:s3:::bucket',
    'arn:aws:kinesis:eu-west-1:123456789012:stream/flights/consumer/c:1',
    undefined,
    null,
    7,
    7n,
    [],
    {},
    { arn: 'flights' },
    { arn: ARN, streamId: 5 },
    { arn: ARN, streamID: 'misspelt' },
  ]
  for (const ref of refused) {
    const shown = typeof ref === 'bigint' ? `${ref}n` : (JSON.stringify(ref) ?? 'undefined')
    it(`refuses ${shown.slice(0, 60)} and says what to write`, () => {
      assert.throws(
        () => resolveStreamRef('stream', ref),
        (error) =>
          error instanceof InvalidOptionError &&
          error.option.startsWith('stream') &&
          error.message.includes('stream') &&
          error.hint !== '',
      )
    })
  }
})

describe('streamInput', () => {
  it('sends the ARN when it is known, else the name, never both', () => {
    assert.deepEqual(streamInput(resolveStreamRef('stream', ARN)), { StreamARN: ARN })
    const withId = resolveStreamRef('stream', { arn: ARN, streamId: 'id' })
    assert.deepEqual(streamInput(withId), { StreamARN: ARN, StreamId: 'id' })
    assert.deepEqual(streamInput(resolveStreamRef('stream', 'flights')), { StreamName: 'flights' })
  })
})
