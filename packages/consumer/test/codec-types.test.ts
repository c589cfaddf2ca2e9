import assert from 'node:assert/strict'
import { Consumer, type OnHandlerError } from '@millrace/consumer'
import { jsonCodec } from '@millrace/core'
import { SimulatedDynamo, SimulatedKinesis } from '@millrace/testing'

interface Order {
  readonly id: number
}

function never(): boolean {
  return false
}

describe('the type of a codec', () => {
  it('is that of the values which handlers and policies are given (the compiler is the test)', () => {
    const consumer = new Consumer({
      applicationName: 'orders-app',
      stream: 'orders',
      client: new SimulatedKinesis(),
      dynamodb: new SimulatedDynamo(),
      logger: false,
      codec: jsonCodec<Order>(),
      onHandlerError: ({ records, rawRecord }) => {
        const ids: number[] = records.map(({ data }) => data.id)
        const bytes: Uint8Array | undefined = rawRecord?.data
        return ids.length > 0 && bytes === undefined ? 'skip' : 'retry'
      },
    })
    // A dead letter, then the one verdict: the commonest policy of all.
    const alwaysSkips: OnHandlerError<Order> = async ({ records }) => {
      await Promise.resolve(records)
      return 'skip'
    }
    assert.equal(typeof alwaysSkips, 'function')
    // @ts-expect-error no verdict
    const wrong: OnHandlerError<Order> = () => 'skp'
    assert.equal(typeof wrong, 'function')
    const typed: Consumer<Order> = consumer
    assert.equal(typed.state, 'created')
    if (never()) {
      void consumer.run({ eachRecord: ({ data }) => void (data.id satisfies number) })
      void consumer.run({
        eachBatch: ({ records }) => void (records[0]?.data.id satisfies unknown),
      })
      // @ts-expect-error an order has no such field
      void consumer.run({ eachRecord: ({ data }) => void data.name })
      // @ts-expect-error a record may have no partition key
      void consumer.run({ eachRecord: ({ partitionKey }) => void partitionKey.length })
    }
  })
})
