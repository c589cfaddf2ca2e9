import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { inApplication, numbered, SHARD, STREAM, TABLE } from './application.ts'

describe('Consumer, while it drains', () => {
  it('gives away what is done with, while one slow handler keeps its own shard', () =>
    inApplication(
      async (app) => {
        const a = app.worker('a')
        let release = (): void => {}
        const stuck = new Promise<void>((resolve) => {
          release = resolve
        })
        const runningA = a.run(() => stuck)
        await app.until('all leases', () => a.heard('leaseAcquired').length === 4)
        const b = app.worker('b')
        const runningB = b.run()
        await app.until('both losses', () => a.heard('leaseLost').length === 2)
        const mine = [...app.leases()].filter(([, row]) => row['leaseOwner']?.S === 'a')
        const [busy] = mine[0] ?? []
        const { HashKeyRange } = app.kinesis.shards(STREAM).find((s) => s.ShardId === busy) ?? {}
        await app.kinesis.putRecord({
          StreamName: STREAM,
          Data: Buffer.from('slow'),
          PartitionKey: 'k',
          ExplicitHashKey: HashKeyRange?.StartingHashKey,
        })
        await app.until('the call', () => app.delivered.includes('slow'))
        const closing = a.consumer.close()
        await sleep(1000)
        assert.deepEqual(app.owners().sort(), ['a', 'b', 'b', 'b'])
        assert.equal(app.row(busy ?? '')?.['leaseOwner']?.S, 'a')
        release()
        await closing
        await runningA
        assert.deepEqual(app.owners(), ['b', 'b', 'b', 'b'])
        await b.consumer.close()
        await runningB
      },
      { shards: 4 },
    ))

  it('begins no handler call any more, however long the table takes to let it go', () =>
    inApplication(async (app) => {
      const worker = app.worker('a')
      let isAsked = false
      const callsLater: string[] = []
      const running = worker.run(() => {
        if (isAsked) callsLater.push('call')
      })
      await app.until('the lease', () => worker.heard('leaseAcquired').length === 1)
      app.dynamo.injectFault({ operation: 'deleteItem', kind: 'delay', delayMs: 1500, times: 2 })
      isAsked = true
      const closing = worker.consumer.close()
      await app.put('late')
      await closing
      await running
      assert.deepEqual(callsLater, [])
      assert.deepEqual(app.owners(), [undefined])
    }))

  it('stops assigning, even when each write takes its whole deadline', () => {
    let created = 0
    let stall = (): void => {}
    return inApplication(
      async (app) => {
        stall = () =>
          app.dynamo.injectFault({
            operation: 'updateItem',
            kind: 'delay',
            delayed: 'request',
            delayMs: Number.POSITIVE_INFINITY,
            times: Number.POSITIVE_INFINITY,
          })
        const worker = app.worker('a')
        const running = worker.run()
        await app.until('all leases', () => app.leases().size === 30)
        assert.ok(app.owners().every((owner) => owner === undefined))
        const askedMs = app.time.elapsedMs()
        await worker.consumer.close()
        await running
        // The lock alone would let it go on for 9.5 s.
        assert.ok(app.time.elapsedMs() - askedMs < 8000, `${app.time.elapsedMs() - askedMs}`)
      },
      {
        shards: 30,
        dynamo: {
          onWrite: ({ before, after }) => {
            if (before === undefined && after?.['checkpoint'] !== undefined && ++created === 30) {
              stall()
            }
          },
        },
      },
    )
  })

  for (const how of ['close', 'destroy'] as const) {
    it(`may be asked for by a listener of leaseAcquired (${how})`, () =>
      inApplication(
        async (app) => {
          await app.put(...numbered(10))
          const worker = app.worker('a')
          worker.consumer.on('leaseAcquired', () => void worker.consumer[how]())
          const ended = worker.run().then(
            () => 'closed',
            () => 'destroyed',
          )
          assert.equal(await ended, how === 'close' ? 'closed' : 'destroyed')
          await worker.consumer.close()
          assert.deepEqual(app.delivered, [])
          const lost = worker.heard('leaseLost').length
          assert.equal(lost, worker.heard('leaseAcquired').length)
          // Bottleneck finishes its own waits for the iterators that were just asked for.
          await sleep(200)
          assert.equal(app.time.waitingEvents(), 0)
          if (how === 'close') assert.deepEqual(app.owners(), [undefined, undefined])
        },
        { shards: 2 },
      ))
  }

  it('leaves handlers their time, though the table does not answer', () =>
    inApplication(async (app) => {
      let [endedMs, toldMs] = [Number.NaN, Number.NaN]
      const worker = app.worker('a')
      const running = worker.runWith({
        processor: () => ({
          processRecords: async () => {
            await sleep(4500)
            endedMs = app.time.elapsedMs()
          },
          shutdownRequested: () => {
            toldMs = app.time.elapsedMs()
          },
        }),
      })
      await app.until('the lease', () => worker.heard('leaseAcquired').length === 1)
      await app.put('slow')
      await sleep(1000)
      const fault = { kind: 'delay', delayMs: 60_000, times: Number.POSITIVE_INFINITY } as const
      for (const operation of ['scan', 'query', 'putItem', 'updateItem'] as const) {
        app.dynamo.injectFault({ ...fault, operation })
      }
      app.dynamo.injectFault({ ...fault, operation: 'deleteItem' })
      await sleep(1500)
      await worker.consumer.close({ timeoutMs: 4000 })
      await running
      assert.ok(toldMs - endedMs < 100, `${toldMs - endedMs}`)
    }))

  it('ends a shard consumer that waits for parents at once (R40)', () =>
    inApplication(async (app) => {
      const worker = app.worker('a')
      const running = worker.run(() => new Promise(() => {}))
      await app.until('the lease', () => worker.heard('leaseAcquired').length === 1)
      await app.put('stuck')
      await app.until('the call', () => app.deliveries.length === 1)
      const child = 'shardId-000000000009'
      await app.dynamo.putItem({
        TableName: TABLE,
        Item: {
          leaseKey: { S: child },
          leaseOwner: { S: 'a' },
          leaseCounter: { N: '0' },
          checkpoint: { S: 'TRIM_HORIZON' },
          checkpointSubSequenceNumber: { N: '0' },
          ownerSwitchesSinceCheckpoint: { N: '0' },
          parentShardId: { SS: [SHARD] },
          entityType: { S: 'LEASE' },
        },
      })
      await app.until('the child', () => worker.heard('leaseAcquired').length === 2)
      const closing = worker.consumer.close({ timeoutMs: 5000 })
      await sleep(500)
      assert.equal(app.row(child)?.['leaseOwner'], undefined)
      assert.equal(app.row(SHARD)?.['leaseOwner']?.S, 'a')
      await closing
      await running
      assert.equal(app.time.waitingEvents(), 0)
    }))
})

describe('Consumer, at the end of a shard', () => {
  it('takes the child that it keeps up at once', () =>
    inApplication(async (app) => {
      const worker = app.worker('a')
      const running = worker.run()
      await app.until('the lease', () => worker.heard('leaseAcquired').length === 1)
      await app.kinesis.splitShard({
        StreamName: STREAM,
        ShardToSplit: SHARD,
        NewStartingHashKey: (1n << 127n).toString(),
      })
      await app.until('the children', () => worker.heard('leaseAcquired').length === 3)
      const atMs = (name: string): number[] =>
        worker.happenings.filter((h) => h.name === name).map((h) => h.atMs)
      const [endedMs] = atMs('shardEnded')
      // The leader places the other.
      assert.equal(atMs('leaseAcquired')[1], endedMs)
      await worker.consumer.close()
      await running
    }))
})
