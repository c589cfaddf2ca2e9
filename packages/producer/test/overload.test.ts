import assert from 'node:assert/strict'
import { nextTurn, sleep } from '@millrace/core/internal'
import { BufferFullError, UserRecordFailedError } from '@millrace/producer'
import { STREAM, withProducer } from './virtual-producer.ts'

const MIB = 1024 * 1024
const MINUTES = 10
const TIMES_THE_LIMIT = 10
const RECORD_BYTES = 1_000_000

describe('a shard that is offered ten times what it takes, for ten minutes (R61)', () => {
  it('keeps to its bounds, and every record settles once', () =>
    withProducer(
      1,
      { maxBufferedBytes: 8 * MIB, maxWaitingPuts: 200 },
      async ({ service, client, producer }) => {
        // The model keeps what it stores; ten minutes of a shard are too much for a test.
        let storedBytes = 0
        const keep = client.putRecords.bind(client)
        client.putRecords = async (input, options) => {
          const output = await keep(input, options)
          output.Records.forEach(({ SequenceNumber }, i) => {
            if (SequenceNumber) storedBytes += input.Records[i]?.Data.length ?? 0
          })
          for (const { ShardId } of service.shards(STREAM)) {
            service.trim(STREAM, ShardId, Number.POSITIVE_INFINITY)
          }
          return output
        }
        const data = new Uint8Array(RECORD_BYTES)
        const outcomes = { stored: 0, expired: 0, refused: 0 }
        let mostBytes = 0
        let offered = 0
        const everyMs = 1000
        const batch = Math.round((MIB * TIMES_THE_LIMIT * (everyMs / 1000)) / RECORD_BYTES)
        const puts: Promise<void>[] = []
        for (let second = 0; second < MINUTES * 60; second++) {
          for (let i = 0; i < batch; i++) {
            offered++
            const put = producer.put({ partitionKey: `k${i}`, data }).then(
              () => void outcomes.stored++,
              (error: unknown) => {
                if (error instanceof BufferFullError) outcomes.refused++
                else if (error instanceof UserRecordFailedError) outcomes.expired++
                else throw error
              },
            )
            puts.push(put)
            mostBytes = Math.max(mostBytes, producer.bufferedBytes)
          }
          await sleep(everyMs)
        }
        await Promise.all(puts)
        assert.equal(outcomes.stored + outcomes.expired + outcomes.refused, offered)
        assert.ok(mostBytes <= 8 * MIB, `${mostBytes} bytes`)
        assert.ok(mostBytes > 7 * MIB)
        assert.equal(producer.bufferedBytes, 0)
        assert.equal(producer.outstandingRecords, 0)
        // The shard was put to use meanwhile.
        const used = storedBytes / (MINUTES * 60 * MIB)
        assert.ok(used > 0.85, `${used} of what the shard takes`)
      },
    ))
})

describe('a full buffer that expires at once', () => {
  it('is failed in slices, so that the process does other things between them', () =>
    withProducer(1, { recordTtlMs: 1000 }, async ({ client, producer }) => {
      client.putInstead = async () => {
        throw new Error('nobody is there')
      }
      let failed = 0
      let most = 0
      let before = 0
      const countTurn = (): void => {
        most = Math.max(most, failed - before)
        before = failed
        if (failed < 5000) nextTurn(countTurn)
      }
      producer.on('failed', () => {
        if (failed++ === 0) nextTurn(countTurn)
      })
      for (let i = 0; i < 5000; i++) {
        producer.tryPut({ partitionKey: `k${i}`, data: new Uint8Array(1) })
      }
      await sleep(2000)
      assert.equal(before, 5000)
      assert.ok(most <= 1500, `${most} in one turn`)
    }))
})
