import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Logger } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { ReadableRecord } from '../../src/pulling/pulled-record.ts'
import { type Application, inApplication, numbered, SHARD, STREAM } from '../application.ts'

function stored(app: Application): number {
  const number = app.row(SHARD)?.['checkpoint']?.S
  return app.kinesis.records(STREAM).findIndex(({ record }) => record.SequenceNumber === number)
}

/** Reads so many chunks, acknowledging none. */
async function read(
  stream: AsyncIterable<ReadableRecord<string>>,
  count: number,
): Promise<ReadableRecord<string>[]> {
  const iterator = stream[Symbol.asyncIterator]()
  const chunks: ReadableRecord<string>[] = []
  while (chunks.length < count) {
    const { value, done } = await iterator.next()
    if (done === true) break
    chunks.push(value)
  }
  return chunks
}

describe('Consumer.readable', () => {
  it('stores what is acknowledged without a gap, in whatever order, across pages', () =>
    inApplication(async (app) => {
      await app.put(...numbered(6))
      const consumer = app.consumer('a', { retrieval: { mode: 'polling', maxRecords: 2 } })
      const stream = consumer.readable()
      const chunks = await read(stream, 6)
      await sleep(5000)
      assert.equal(stored(app), -1)
      for (const i of [1, 2, 5]) chunks[i]?.ack()
      await sleep(5000)
      assert.equal(stored(app), -1)
      chunks[0]?.ack()
      chunks[0]?.ack()
      await sleep(5000)
      assert.equal(stored(app), 2)
      for (const i of [3, 4]) chunks[i]?.ack()
      await sleep(5000)
      assert.equal(stored(app), 5)
      await consumer.close()
      assert.deepEqual(await read(stream, 1), [])
    }))

  it('lets no chunk be stored by name before it is acknowledged', () =>
    inApplication(async (app) => {
      await app.put('a', 'b')
      const consumer = app.consumer('a')
      const [a, b] = await read(consumer.readable(), 2)
      await assert.rejects(async () => await b?.shard.checkpoint(b), /not|last record/)
      a?.ack()
      b?.ack()
      await b?.shard.checkpoint(b)
      assert.equal(stored(app), 1)
      await consumer.close()
    }))

  it('hands what is not acknowledged over again after destroy(), read ahead or not', () =>
    inApplication(async (app) => {
      await app.put(...numbered(30))
      const consumer = app.consumer('a')
      const stream = consumer.readable({ highWaterMark: 4 })
      const chunks = await read(stream, 5)
      chunks[0]?.ack()
      chunks[1]?.ack()
      chunks[3]?.ack()
      stream.destroy()
      chunks[2]?.ack()
      assert.equal(chunks[2]?.shard.signal.aborted, false)
      await consumer.close()
      // Whoever still works on one of them must know that another worker does, too.
      assert.equal(chunks[2]?.shard.signal.aborted, true)
      assert.equal(stored(app), 1)
      assert.equal(app.row(SHARD)?.['leaseOwner'], undefined)
      const next = app.worker('b')
      const running = next.run()
      await app.until('the rest', () => app.deliveries.length >= 28)
      await sleep(3000)
      assert.deepEqual(app.delivered, numbered(30).slice(2))
      await next.consumer.close()
      await running
      assert.equal(app.time.waitingEvents(), 0)
    }))

  it('closes the consumer before it says that it is closed', () =>
    inApplication(async (app) => {
      await app.put('a')
      const consumer = app.consumer('a')
      const stream = consumer.readable()
      await read(stream, 1)
      const closed = new Promise<void>((resolve) => {
        stream.once('close', () => resolve())
      })
      stream.destroy()
      await closed
      assert.equal(consumer.state, 'stopped')
    }))

  it('waits in close() for what was read and is not acknowledged yet, then ends', () =>
    inApplication(async (app) => {
      await app.put('a', 'b')
      const consumer = app.consumer('a')
      const stream = consumer.readable()
      const [a, b] = await read(stream, 2)
      const closing = consumer.close()
      await sleep(3000)
      assert.equal(app.row(SHARD)?.['leaseOwner']?.S, 'a')
      b?.ack()
      await sleep(1000)
      assert.equal(app.row(SHARD)?.['leaseOwner']?.S, 'a')
      a?.ack()
      await closing
      assert.equal(stored(app), 1)
      assert.deepEqual(await read(stream, 1), [])
    }))

  it('stores SHARD_END once every record is acknowledged', () =>
    inApplication(async (app) => {
      await app.put('a', 'b')
      await app.kinesis.splitShard({
        StreamName: STREAM,
        ShardToSplit: SHARD,
        NewStartingHashKey: (1n << 127n).toString(),
      })
      const consumer = app.consumer('a')
      const [a, b] = await read(consumer.readable(), 2)
      b?.ack()
      await sleep(20_000)
      assert.equal(app.row(SHARD)?.['checkpoint']?.S, 'TRIM_HORIZON')
      a?.ack()
      await app.until('the end', () => app.row(SHARD)?.['checkpoint']?.S === 'SHARD_END')
      await consumer.close()
    }))

  it('reads no further than maxUnacknowledged, and says so once', () =>
    inApplication(async (app) => {
      await app.put(...numbered(10))
      const warnings: object[] = []
      const logger: Logger = {
        debug: () => {},
        info: () => {},
        warn: (fields, message) => {
          if (message.includes('ack()')) warnings.push(fields)
        },
        error: () => {},
      }
      const consumer = app.consumer('a', { logger })
      const stream = consumer.readable({ maxUnacknowledged: 3 })
      const seen: ReadableRecord<string>[] = []
      stream.on('data', (chunk: ReadableRecord<string>) => seen.push(chunk))
      await sleep(10_000)
      assert.equal(seen.length, 3)
      assert.deepEqual(warnings, [{ shardId: SHARD, maxUnacknowledged: 3 }])
      seen[1]?.ack()
      await sleep(1000)
      assert.equal(seen.length, 3)
      seen[0]?.ack()
      await sleep(1000)
      assert.equal(seen.length, 5)
      assert.equal(warnings.length, 1)
      stream.destroy()
      await consumer.close()
      assert.equal(stored(app), 1)
    }))

  it('can be the start of a pipeline, which fails with what the consumer fails with', () =>
    inApplication(async (app) => {
      await app.put('a', 'b')
      const consumer = app.consumer('a')
      const seen: string[] = []
      const sink = new Writable({
        objectMode: true,
        write: (record: ReadableRecord<string>, _encoding, done) => {
          seen.push(record.data)
          record.ack()
          done()
        },
      })
      const piped = pipeline(consumer.readable(), sink)
      piped.catch(() => undefined)
      await app.until('both', () => seen.length === 2)
      consumer.destroy(new Error('enough'))
      await assert.rejects(piped, /enough/)
      const next = app.consumer('b')
      const last = new Writable({ objectMode: true, write: (_record, _encoding, done) => done() })
      const untilClosed = pipeline(next.readable(), last)
      await app.until('running', () => next.state === 'running')
      await next.close()
      await untilClosed
    }))

  it('goes with the pipeline when another part of it fails, and closes the consumer', () =>
    inApplication(async (app) => {
      await app.put('a')
      const consumer = app.consumer('a')
      const sink = new Writable({
        objectMode: true,
        write: (_record, _encoding, done) => done(new Error('disk full')),
      })
      await assert.rejects(pipeline(consumer.readable(), sink), /disk full/)
      await consumer.close()
      assert.equal(consumer.state, 'stopped')
      assert.equal(stored(app), -1)
      assert.equal(app.time.waitingEvents(), 0)
    }))
})
