import assert from 'node:assert/strict'
import { type dynamo, type Logger, ServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { HandlerFailedError } from '../src/errors.ts'
import { inApplication, numbered, SHARD, STREAM, TABLE } from './application.ts'
import { leaseOf, rowOfLease } from './lease/leases.ts'

describe('Consumer, as seen from outside', () => {
  describe('events', () => {
    it('tell of a life in order', () =>
      inApplication(async (app) => {
        await app.put('one')
        const worker = app.worker('a')
        const running = worker.run()
        await app.until('a checkpoint', () => worker.heard('checkpointed').length === 1)
        await worker.consumer.close()
        await running
        assert.deepEqual(
          worker.happenings.map(({ name, args }) => [name, name === 'stateChange' ? args[0] : '']),
          [
            ['stateChange', 'initializing'],
            ['stateChange', 'running'],
            ['leaseAcquired', ''],
            ['checkpointed', ''],
            ['stateChange', 'draining'],
            ['leaseLost', ''],
            ['stateChange', 'stopped'],
          ],
        )
        const sequenceNumber = app.kinesis.records(STREAM)[0]?.record.SequenceNumber
        const at = { stream: STREAM, shardId: SHARD, sequenceNumber, subSequenceNumber: 0 }
        assert.deepEqual(worker.heard('checkpointed'), [[at]])
        const [[acquired]] = worker.heard('leaseAcquired') as [[{ epoch: number }]]
        assert.ok(acquired.epoch > 0)
        const lease = { leaseKey: SHARD, shardId: SHARD, epoch: acquired.epoch }
        assert.deepEqual(acquired, { ...lease, checkpoint: 'TRIM_HORIZON' })
        assert.deepEqual(worker.heard('leaseLost'), [
          [{ ...lease, checkpoint: sequenceNumber }, 'released'],
        ])
      }))

    it('survive listeners that throw; the error event hears of it', () =>
      inApplication(async (app) => {
        await app.put(...numbered(3))
        const worker = app.worker('a')
        const thrown = new Error('a bad listener')
        for (const name of ['leaseAcquired', 'stateChange', 'checkpointed', 'leaseLost'] as const) {
          worker.consumer.on(name, () => {
            throw thrown
          })
        }
        worker.consumer.on('error', () => {
          throw thrown
        })
        const running = worker.run()
        await app.until('all records', () => app.deliveries.length === 3)
        await worker.consumer.close()
        await running
        assert.equal(worker.consumer.state, 'stopped')
        assert.ok(worker.heard('error').length >= 6)
        assert.ok(worker.heard('error').every(([error]) => error === thrown))
      }))

    it('log an error that nobody listens to', () =>
      inApplication(async (app) => {
        await app.put('poison')
        const logged: unknown[] = []
        const logger: Logger = {
          debug() {},
          info() {},
          warn() {},
          error: (fields) => void logged.push((fields as { err: unknown }).err),
        }
        const consumer = app.consumer('a', { logger, onHandlerError: 'stop' })
        const thrown = await consumer
          .run({ eachRecord: () => Promise.reject(new Error('no')) })
          .catch((cause: unknown) => cause)
        assert.ok(thrown instanceof HandlerFailedError)
        assert.ok(logged.includes(thrown))
      }))

    it('say that a lease was stolen', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        const running = worker.run()
        await app.until('a lease', () => worker.heard('leaseAcquired').length === 1)
        const { leaseCounter } = app.row(SHARD) ?? {}
        await app.dynamo.updateItem({
          TableName: TABLE,
          Key: { leaseKey: { S: SHARD } },
          UpdateExpression: 'SET leaseOwner = :thief, leaseCounter = :next',
          ExpressionAttributeValues: {
            ':thief': { S: 'thief' },
            ':next': { N: String(Number(leaseCounter?.N) + 1) },
          },
        })
        await app.until('the loss', () => worker.heard('leaseLost').length === 1)
        const [[, why]] = worker.heard('leaseLost') as [[unknown, string]]
        assert.equal(why, 'stolen')
        await worker.consumer.close()
        await running
      }))

    it('say that a lease expired when its renewals are not answered', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        const running = worker.run()
        await app.until('a lease', () => worker.heard('leaseAcquired').length === 1)
        const fault = app.dynamo.injectFault({
          operation: 'updateItem',
          kind: 'fail',
          times: Number.POSITIVE_INFINITY,
        })
        await app.until('the loss', () => worker.heard('leaseLost').length === 1, 9600)
        assert.equal((worker.heard('leaseLost')[0] as [unknown, string])[1], 'expired')
        fault.clear()
        await app.until('it back', () => worker.heard('leaseAcquired').length === 2)
        await app.put('still served')
        await app.until('the record', () => app.deliveries.length === 1)
        await worker.consumer.close()
        await running
      }))
  })

  describe('describe', () => {
    it('knows nothing before run', () =>
      inApplication(async (app) => {
        const { consumer } = app.worker('a')
        assert.deepEqual(await consumer.describe(), {
          workerId: 'a',
          isLeader: false,
          leader: undefined,
          state: 'created',
          shards: [],
          skippedRows: 0,
          setupTroubles: [],
        })
      }))

    it('shows every shard of the application, its own and those elsewhere', () =>
      inApplication(
        async (app) => {
          await app.put(...numbered(20))
          const a = app.worker('a')
          const b = app.worker('b')
          const runs = [a.run(), b.run()]
          await app.until('all records', () => app.deliveries.length >= 20)
          await app.until('an even spread', () => new Set(app.owners()).size === 2)
          await sleep(10_000)
          const mine = await a.consumer.describe()
          const theirs = await b.consumer.describe()
          assert.equal([mine, theirs].filter(({ isLeader }) => isLeader).length, 1)
          assert.deepEqual([mine.workerId, mine.state], ['a', 'running'])
          assert.equal(mine.leader, mine.isLeader ? 'a' : 'b')
          assert.equal(theirs.leader, mine.leader)
          assert.deepEqual(
            mine.shards.map(({ shardId }) => shardId),
            ['shardId-000000000000', 'shardId-000000000001'],
          )
          for (const shard of mine.shards) {
            const own = shard.owner === 'a'
            assert.equal(shard.state, own ? 'processing' : 'elsewhere')
            assert.equal(shard.millisBehindLatest, own ? 0 : undefined)
            assert.match(shard.waitingFor, own ? /^reading$/ : /^owned by b, checkpoint \d+ s old$/)
            assert.equal(shard.lastError, undefined)
            assert.ok((shard.checkpointAgeMs ?? 0) >= 8000)
            assert.equal(app.row(shard.shardId)?.['checkpoint']?.S, shard.checkpoint.sequenceNumber)
          }
          await Promise.all([a.consumer.close(), b.consumer.close()])
          await Promise.all(runs)
        },
        { shards: 2 },
      ))

    it('tells a lease that is being taken up from one that has not been found yet', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        let isSent = false
        app.dynamo.injectFault({
          operation: 'updateItem',
          kind: 'delay',
          delayMs: 1500,
          when: (input) => {
            const { Key } = input as { readonly Key?: dynamo.Item }
            const isOwn = app.row(SHARD)?.['leaseOwner']?.S === 'a'
            const isRenewal = Key?.['leaseKey']?.S === SHARD && isOwn
            isSent ||= isRenewal
            return isRenewal
          },
        })
        const running = worker.run()
        await app.until('the first renewal', () => isSent)
        const other = leaseOf('shardId-000000000009', { leaseOwner: 'a' })
        const Item = { ...rowOfLease(other), entityType: { S: 'LEASE' } }
        await app.dynamo.putItem({ TableName: TABLE, Item })
        const { shards } = await worker.consumer.describe()
        assert.deepEqual(
          shards.map(({ state, waitingFor }) => [state, waitingFor]),
          [
            ['assigned', 'assigned, first renewal under way'],
            ['assigned', 'assigned to this worker, which has not taken it up yet'],
          ],
        )
        await app.until('both', () => worker.heard('leaseAcquired').length === 2)
        await worker.consumer.close()
        await running
      }))

    it('shows which parents the child of a merge waits for, and then that they ended', () =>
      inApplication(
        async (app) => {
          await app.put(...numbered(10))
          let open = false
          const worker = app.worker('a')
          const running = worker.run(async () => {
            while (!open) await sleep(100)
          })
          await app.until(
            'both shards',
            () => new Set(app.deliveries.map(({ shardId }) => shardId)).size === 2,
          )
          const parents = ['shardId-000000000000', 'shardId-000000000001'] as const
          await app.kinesis.mergeShards({
            StreamName: STREAM,
            ShardToMerge: parents[0],
            AdjacentShardToMerge: parents[1],
          })
          const child = 'shardId-000000000002'
          // The row of the child, as the first parent's ender would have made it.
          await app.dynamo.putItem({
            TableName: TABLE,
            Item: {
              leaseKey: { S: child },
              leaseCounter: { N: '0' },
              checkpoint: { S: 'TRIM_HORIZON' },
              checkpointSubSequenceNumber: { N: '0' },
              ownerSwitchesSinceCheckpoint: { N: '0' },
              parentShardId: { SS: [...parents] },
              entityType: { S: 'LEASE' },
              leaseOwner: { S: 'a' },
            },
          })
          await app.until('the child', () => worker.heard('leaseAcquired').length === 3)
          await sleep(2000)
          const waiting = (await worker.consumer.describe()).shards.find(
            ({ shardId }) => shardId === child,
          )
          assert.equal(waiting?.state, 'waiting-on-parents')
          assert.deepEqual(waiting?.parents, parents)
          assert.equal(
            waiting?.waitingFor,
            `waiting for parents ${parents[0]} and ${parents[1]} to finish`,
          )
          open = true
          await app.until('both ends', () => worker.heard('shardEnded').length === 2)
          await app.put('after the merge')
          await app.until('a record of the child', () => app.delivered.includes('after the merge'))
          const { shards } = await worker.consumer.describe()
          assert.deepEqual(
            shards.map(({ state, waitingFor }) => [state, waitingFor]),
            [
              ['ended', 'ended'],
              ['ended', 'ended'],
              ['processing', 'reading'],
            ],
          )
          for (const [info] of worker.heard('shardEnded')) {
            assert.deepEqual((info as { childShardIds: unknown }).childShardIds, [child])
          }
          await worker.consumer.close()
          await running
        },
        { shards: 2 },
      ))

    it('shows what holds a shard up', () =>
      inApplication(async (app) => {
        await app.put('poison')
        const worker = app.worker('a')
        const trouble = new Error('the database is away')
        const running = worker.run(() => Promise.reject(trouble))
        await app.until('a failure', () => app.deliveries.length > 0)
        const [shard] = (await worker.consumer.describe()).shards
        assert.equal(shard?.lastError, trouble)
        assert.equal(shard?.waitingFor, 'handler failing, attempt 1: the database is away')
        await worker.consumer.close()
        await running
      }))

    it('shows from any worker why a shard of another one waits', () =>
      inApplication(
        async (app) => {
          const a = app.worker('a')
          const b = app.worker('b')
          let open = false
          const holdingBack = async (): Promise<void> => {
            while (!open) await sleep(100)
          }
          const runs = [a.run(holdingBack), b.run(holdingBack)]
          const parents = ['shardId-000000000000', 'shardId-000000000001'] as const
          await app.until('an even spread', () => new Set(app.owners()).size === 2)
          // Handed over by then, as far as the first of the two had both.
          await sleep(10_000)
          await app.put(...numbered(10))
          await app.until('both shards', () => app.deliveries.length === 2)
          await app.kinesis.splitShard({
            StreamName: STREAM,
            ShardToSplit: parents[0],
            NewStartingHashKey: '1000',
          })
          const ofChild = leaseOf('shardId-000000000002', {
            leaseOwner: app.row(parents[0])?.['leaseOwner']?.S,
            parentShardIds: [parents[0]],
          })
          await app.dynamo.putItem({
            TableName: TABLE,
            Item: { ...rowOfLease(ofChild), entityType: { S: 'LEASE' } },
          })
          await sleep(14_000)
          const other = ofChild.leaseOwner === 'a' ? b : a
          const { shards, skippedRows } = await other.consumer.describe()
          const [parent, own, child] = shards
          assert.equal(child?.state, 'elsewhere')
          assert.equal(child?.waitingFor, `waiting for parent ${parents[0]} to finish`)
          assert.deepEqual(child?.parents, [parents[0]])
          assert.match(parent?.waitingFor ?? '', /^owned by [ab], no checkpoint for \d\d s$/)
          assert.match(own?.waitingFor ?? '', /^handler call under way for 1[3-5] s$/)
          assert.equal(skippedRows, 0)
          open = true
          await app.until('the end', () => app.row(parents[0])?.['checkpoint']?.S === 'SHARD_END')
          await sleep(3000)
          const after = (await other.consumer.describe()).shards[2]
          assert.match(
            after?.waitingFor ?? '',
            /^(reading|owned by [ab], no checkpoint for \d+ s)$/,
          )
          assert.deepEqual(after?.parents, [])
          await Promise.all([a.consumer.close(), b.consumer.close()])
          await Promise.all(runs)
        },
        { shards: 2 },
      ))

    it('rejects when the table does not answer', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        const running = worker.run()
        await app.until('a lease', () => worker.heard('leaseAcquired').length === 1)
        app.dynamo.injectFault({ operation: 'scan', kind: 'fail' })
        await assert.rejects(worker.consumer.describe(), ServiceError)
        await worker.consumer.close()
        await running
      }))
  })
})
