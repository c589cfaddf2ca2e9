// Two workers, a reshard and some minutes, as a unit test: in virtual time they take a moment.
import assert from 'node:assert/strict'
import { Consumer } from '@millrace/consumer'
import { jsonCodec } from '@millrace/core'
import { runInVirtualTime, SimulatedDynamo, SimulatedKinesis } from '@millrace/testing'

const codec = jsonCodec<{ readonly customer: string; readonly number: number }>()

// The body of a test of any test runner: it('...', () => runInVirtualTime(async (time) => { ... }))
async function survivesAReshard(): Promise<void> {
  await runInVirtualTime(async (time) => {
    const kinesis = new SimulatedKinesis()
    const dynamodb = new SimulatedDynamo()
    await kinesis.createStream({ StreamName: 'orders', ShardCount: 2 })
    const put = async (number: number): Promise<void> => {
      const customer = `customer-${number % 10}`
      const Data = codec.encode({ customer, number })
      await kinesis.putRecord({ StreamName: 'orders', PartitionKey: customer, Data })
    }

    const handled: { number: number; shardId: string; workerId: string; atMs: number }[] = []
    const workers = ['worker-a', 'worker-b'].map((workerId) => {
      const consumer = new Consumer({
        applicationName: 'orders-app',
        stream: 'orders',
        workerId,
        codec,
        initialPosition: 'TRIM_HORIZON',
        client: kinesis,
        dynamodb,
        lease: { workerMetrics: 'off' }, // reads nothing of this machine
      })
      const running = consumer.run({
        eachRecord: ({ data: { number } }, { shardId }) => {
          handled.push({ number, shardId, workerId, atMs: time.elapsedMs() })
        },
      })
      return { consumer, running }
    })

    for (let number = 0; number < 100; number++) await put(number)
    await time.until('the first hundred are handled', () => handled.length === 100)
    assert.equal(new Set(handled.map(({ workerId }) => workerId)).size, 2)

    await kinesis.splitShard({
      StreamName: 'orders',
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: (2n ** 126n).toString(),
    })
    const splitMs = time.elapsedMs()
    for (let number = 100; number < 200; number++) await put(number)
    await time.until('the others are handled', () => handled.length === 200)

    // Time is part of the test: a child begins soon after its parent has ended.
    const ofChild = handled.find(({ shardId }) => shardId > 'shardId-000000000001')
    const tookMs = (ofChild?.atMs ?? Number.NaN) - splitMs
    assert.ok(tookMs <= 5000, `the child's first record came ${tookMs} virtual ms after the split`)
    // So is what the handler relies on: nothing is missing, and each customer's orders are in order.
    for (let customer = 0; customer < 10; customer++) {
      const numbers = handled.map(({ number }) => number).filter((n) => n % 10 === customer)
      assert.deepEqual(
        numbers,
        Array.from({ length: 20 }, (_, i) => 10 * i + customer),
      )
    }

    await Promise.all(workers.map(({ consumer }) => consumer.close()))
    await Promise.all(workers.map(({ running }) => running))
    assert.equal(time.waitingEvents(), 0) // no timer is left
    console.log(`the child's first record: ${Math.round(tookMs)} virtual ms after the split`)
    console.log(`virtual time: ${Math.round(time.elapsedMs())} ms`)
  })
}

console.time('wall time, the first test of a process')
await survivesAReshard()
console.timeEnd('wall time, the first test of a process')
console.time('wall time, each further one')
await survivesAReshard()
console.timeEnd('wall time, each further one')
