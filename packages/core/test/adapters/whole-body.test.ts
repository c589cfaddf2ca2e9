import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { wholeBody } from '../../src/adapters/whole-body.ts'

const config = {
  streamCollector: async (stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = []
    for await (const chunk of stream) chunks.push(chunk)
    return Buffer.concat(chunks)
  },
}

function collected(body: unknown, contentLength?: string): Promise<string> {
  return wholeBody(config, body, contentLength).then((bytes) => bytes.toString())
}

const parts = (): Readable => Readable.from([Buffer.from('one '), Buffer.from('two')])

describe('wholeBody', () => {
  for (const length of ['7', undefined, '0', 'x', '99999999999']) {
    it(`reads a stream to its end, its length told as ${length}`, async () => {
      assert.equal(await collected(parts(), length), 'one two')
    })
  }

  it('takes bytes as they are, and nothing for no bytes', async () => {
    assert.equal(await collected(Buffer.from('bytes')), 'bytes')
    assert.equal(await collected(undefined, '5'), '')
  })

  it('gives what came when the stream ends before its length', async () => {
    assert.equal(await collected(parts(), '20'), 'one two')
  })

  it('rejects a stream that is longer than it said, and ends it', async () => {
    const stream = parts()
    await assert.rejects(collected(stream, '5'), /longer/)
    assert.ok(stream.destroyed)
  })

  it('rejects with what the stream fails with', async () => {
    const stream = new Readable({ read: () => undefined })
    const reading = collected(stream, '10')
    stream.push(Buffer.from('half'))
    stream.destroy(new Error('cut'))
    await assert.rejects(reading, /cut/)
  })

  it('rejects when the stream is closed before its end', async () => {
    const stream = new Readable({ read: () => undefined })
    const reading = collected(stream, '10')
    stream.destroy()
    await assert.rejects(reading, /early/)
  })
})
