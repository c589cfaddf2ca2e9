import assert from 'node:assert/strict'
import { bytesCodec, type Codec, jsonCodec, textCodec } from '@millrace/core'
import { Producer, type ProducerOptions } from '@millrace/producer'
import { runInVirtualTime, SimulatedKinesis } from '@millrace/testing'

interface Order {
  readonly id: number
}

const upperCase: Codec<string> = {
  encode: (text) => Buffer.from(text.toUpperCase()),
  decode: (data) => Buffer.from(data).toString().toLowerCase(),
}

async function makeService(...streams: readonly string[]): Promise<SimulatedKinesis> {
  const service = new SimulatedKinesis()
  for (const StreamName of streams) await service.createStream({ StreamName, ShardCount: 1 })
  return service
}

function textsIn(service: SimulatedKinesis, stream: string): string[] {
  return service.records(stream).map(({ record }) => Buffer.from(record.Data).toString())
}

describe('codecs', () => {
  it('may differ from stream to stream of one producer', () =>
    runInVirtualTime(async () => {
      const service = await makeService('orders', 'notes', 'raw', 'shouts')
      const producer = new Producer({
        client: service,
        stream: 'raw',
        codecs: {
          orders: jsonCodec<Order>(),
          notes: textCodec,
          shouts: upperCase,
        },
      })
      await Promise.all([
        producer.put({ stream: 'orders', partitionKey: 'k', data: { id: 7 } }),
        producer.put({ stream: 'notes', partitionKey: 'k', data: 'grüße' }),
        producer.put({ stream: 'shouts', partitionKey: 'k', data: 'hey' }),
        producer.put({ partitionKey: 'k', data: Buffer.from('bytes') }),
      ])
      assert.deepEqual(textsIn(service, 'orders'), ['{"id":7}'])
      assert.deepEqual(textsIn(service, 'notes'), ['grüße'])
      assert.deepEqual(textsIn(service, 'shouts'), ['HEY'])
      assert.deepEqual(textsIn(service, 'raw'), ['bytes'])
      await producer.close()
    }))

  it('stand in for the one of the producer, also for its own stream and for ARNs', () =>
    runInVirtualTime(async () => {
      const service = await makeService('notes', 'raw')
      const { StreamDescriptionSummary } = await service.describeStreamSummary({
        StreamName: 'notes',
      })
      const producer = new Producer<Order, { notes: string }>({
        client: service,
        stream: StreamDescriptionSummary.StreamARN,
        codec: jsonCodec<Order>(),
        codecs: { notes: textCodec },
      })
      await producer.put({ stream: 'notes', partitionKey: 'k', data: 'by name' })
      await producer.put({ partitionKey: 'k', data: 'by default' as unknown as Order })
      await producer.put({ stream: 'raw', partitionKey: 'k', data: { id: 1 } })
      assert.deepEqual(textsIn(service, 'notes'), ['by name', 'by default'])
      assert.deepEqual(textsIn(service, 'raw'), ['{"id":1}'])
      await producer.close()
    }))

  it('turn lost records back, each its own', () =>
    runInVirtualTime(async () => {
      const service = await makeService('orders', 'shouts')
      const producer = new Producer({
        client: service,
        failIfThrottled: true,
        codecs: { orders: jsonCodec<Order>(), shouts: upperCase },
      })
      const lost: unknown[] = []
      producer.on('failed', ({ data }) => lost.push(data))
      service.injectFault({ operation: 'putRecords', kind: 'throttle', times: 2 })
      producer.tryPut({ stream: 'orders', partitionKey: 'k', data: { id: 3 } })
      producer.tryPut({ stream: 'shouts', partitionKey: 'k', data: 'hey' })
      await producer.flush()
      assert.deepEqual(lost, [{ id: 3 }, 'hey'])
      await producer.close()
    }))

  it('are checked once, by name', () => {
    for (const [codecs, option] of [
      [{ orders: {} }, 'codecs.orders'],
      [{ 'a b': bytesCodec }, 'codecs.a b'],
      [[], 'codecs'],
      ['json', 'codecs'],
    ] as const) {
      assert.throws(
        () => new Producer({ stream: 's', codecs } as unknown as ProducerOptions),
        (error: { readonly option?: string }) => error.option === option,
      )
    }
  })

  it('that throw refuse the record, and nothing is left outstanding', () =>
    runInVirtualTime(async () => {
      const service = await makeService('orders')
      const producer = new Producer({ client: service, codecs: { orders: jsonCodec<unknown>() } })
      const put = producer.put({ stream: 'orders', partitionKey: 'k', data: undefined })
      await assert.rejects(put, { code: 'ERR_KINESIS_INVALID_RECORD' })
      assert.equal(producer.outstandingRecords, 0)
      await producer.close()
    }))
})
