/** Each form of a checkpoint, from the handler that asks for it to the worker that goes on from it. */
import assert from 'node:assert/strict'
import { ServiceError } from '@millrace/core'
import { aggregate } from '@millrace/core/aggregation'
import type { ConsumerRecord, ShardContext } from '../src/record.ts'
import type { InitializeInput } from '../src/record-processor.ts'
import { type Application, inApplication, SHARD, STREAM } from './application.ts'

const TEXTS = ['a', 'b', 'c', 'd'] as const
const STATE = Uint8Array.of(0, 7, 255)

type Ask = (shard: ShardContext, records: readonly ConsumerRecord<string>[]) => Promise<unknown>

async function putAggregate(app: Application): Promise<string> {
  const records = TEXTS.map((text) => ({ partitionKey: 'k', data: Buffer.from(text) }))
  const [packed] = aggregate(records, { maxBytes: 1_000_000 })
  const { SequenceNumber } = await app.kinesis.putRecord({
    StreamName: STREAM,
    Data: packed?.data ?? Buffer.alloc(0),
    PartitionKey: 'k',
  })
  return SequenceNumber
}

interface Second {
  readonly input: InitializeInput
  readonly delivered: readonly string[]
  readonly number: string
}

/** One worker gets an aggregate of four, asks, and dies; what the next one is told and given. */
async function afterDeath(
  ask: Ask,
  before: (app: Application) => void = () => {},
): Promise<Second> {
  let second: Second | undefined
  await inApplication(async (app) => {
    const number = await putAggregate(app)
    const first = app.worker('first')
    let asked = false
    const dying = first.runWith({
      processor: () => ({
        processRecords: async ({ records, shard }) => {
          await ask(shard, records)
          asked = true
        },
      }),
    })
    await app.until('the first worker asks', () => asked)
    first.consumer.destroy()
    await assert.rejects(dying)
    await app.put('later')
    const delivered: string[] = []
    let input: InitializeInput | undefined
    before(app)
    const next = app.worker('next')
    const running = next.runWith({
      processor: () => ({
        initialize: (told) => {
          input = told
        },
        processRecords: ({ records }) => void delivered.push(...records.map(({ data }) => data)),
      }),
    })
    await app.until('the last record', () => delivered.includes('later'))
    await next.consumer.close()
    await running
    if (input !== undefined) second = { input, delivered, number }
  })
  if (second === undefined) throw new Error('the next worker was told nothing')
  return second
}

/** The third of the four, as a caller that keeps no records knows it. */
const third = (records: readonly ConsumerRecord<string>[]): ConsumerRecord<string> => {
  const record = records[2]
  if (record === undefined) throw new Error('too few records')
  return record
}

describe('checkpoint', () => {
  const forms: readonly (readonly [string, Ask, readonly string[], number])[] = [
    ['nothing: all that was delivered', (shard) => shard.checkpoint(), [], 3],
    ['a record', (shard, records) => shard.checkpoint(third(records)), ['d'], 2],
    [
      'a sequence number: the first of its user records',
      (shard, records) => shard.checkpoint(third(records).sequenceNumber),
      ['b', 'c', 'd'],
      0,
    ],
    [
      'a sequence number in an object',
      (shard, records) => shard.checkpoint({ sequenceNumber: third(records).sequenceNumber }),
      ['b', 'c', 'd'],
      0,
    ],
    [
      'a sequence number and a sub-sequence number',
      (shard, records) => {
        const { sequenceNumber } = third(records)
        return shard.checkpoint({ sequenceNumber, subSequenceNumber: 1 })
      },
      ['c', 'd'],
      1,
    ],
  ]
  for (const [name, ask, again, sub] of forms) {
    it(`takes ${name}; the next owner goes on behind it`, async () => {
      const { input, delivered, number } = await afterDeath(ask)
      assert.deepEqual(delivered, [...again, 'later'])
      assert.equal(input.position, number)
      assert.equal(input.subSequenceNumber, sub)
      assert.equal(input.pendingPosition, undefined)
      assert.equal(input.pendingState, undefined)
    })
  }
})

describe('A start in the middle of an aggregate', () => {
  const troubles: readonly (readonly [string, (app: Application) => void])[] = [
    [
      'an expired iterator',
      ({ kinesis }) =>
        void kinesis.injectFault({ operation: 'getRecords', kind: 'expire-iterators' }),
    ],
    [
      'an iterator that is refused twice',
      ({ kinesis }) => {
        const error = new ServiceError('GetRecords', 'ExpiredIteratorException', 'injected')
        kinesis.injectFault({ operation: 'getRecords', kind: 'fail', error, times: 2 })
      },
    ],
    [
      'a lost reply',
      ({ kinesis }) =>
        void kinesis.injectFault({ operation: 'getRecords', kind: 'lose-reply', times: 3 }),
    ],
    [
      'empty pages',
      ({ kinesis }) =>
        void kinesis.injectFault({ operation: 'getRecords', kind: 'empty-page', times: 3 }),
    ],
  ]
  for (const [name, before] of troubles) {
    it(`delivers the rest of it once, also when the first page costs ${name}`, async () => {
      const ask: Ask = (shard, records) => shard.checkpoint(third(records))
      const { delivered } = await afterDeath(ask, before)
      assert.deepEqual(delivered, ['d', 'later'])
    })
  }
})

describe('prepareCheckpoint', () => {
  const forms: readonly (readonly [string, Ask, number, Uint8Array | undefined])[] = [
    ['nothing', (shard) => shard.prepareCheckpoint(), 3, undefined],
    ['a state', (shard) => shard.prepareCheckpoint(undefined, STATE), 3, STATE],
    ['a record', (shard, records) => shard.prepareCheckpoint(third(records)), 2, undefined],
    [
      'a record and a state',
      (shard, records) => shard.prepareCheckpoint(third(records), STATE),
      2,
      STATE,
    ],
    [
      'a sequence number and a state',
      (shard, records) => shard.prepareCheckpoint(third(records).sequenceNumber, STATE),
      0,
      STATE,
    ],
    [
      'both numbers and a state',
      (shard, records) => {
        const { sequenceNumber } = third(records)
        return shard.prepareCheckpoint({ sequenceNumber, subSequenceNumber: 1 }, STATE)
      },
      1,
      STATE,
    ],
  ]
  for (const [name, ask, sub, state] of forms) {
    it(`takes ${name}; the next owner is told, and goes on from the checkpoint`, async () => {
      const { input, delivered, number } = await afterDeath(ask)
      assert.deepEqual(delivered, [...TEXTS, 'later'])
      assert.equal(input.position, 'TRIM_HORIZON')
      assert.deepEqual(input.pendingPosition, { sequenceNumber: number, subSequenceNumber: sub })
      assert.deepEqual(
        input.pendingState && new Uint8Array(input.pendingState),
        state && new Uint8Array(state),
      )
    })
  }

  it('is over with any checkpoint, its own or another', async () => {
    for (const how of ['its own', 'another'] as const) {
      const { input } = await afterDeath(async (shard, records) => {
        const prepared = await shard.prepareCheckpoint(third(records), STATE)
        await (how === 'its own' ? prepared.checkpoint() : shard.checkpoint())
      })
      assert.equal(input.subSequenceNumber, how === 'its own' ? 2 : 3)
      assert.equal(input.pendingPosition, undefined)
      assert.equal(input.pendingState, undefined)
    }
  })

  it('keeps the bytes that it was given, whatever the caller does with them meanwhile', async () => {
    const { input } = await afterDeath(async (shard) => {
      const scratch = Uint8Array.from(STATE)
      const preparing = shard.prepareCheckpoint(undefined, scratch)
      scratch.fill(1)
      await preparing
    })
    assert.deepEqual(new Uint8Array(input.pendingState ?? []), STATE)
  })
})

describe('A shard’s own checkpoints', () => {
  it('leave the renewals out where they come often: each is a heartbeat', () =>
    inApplication(async (app) => {
      const worker = app.worker('a')
      let checkpoints = 0
      let renewals = 0
      app.dynamo.injectFault({
        operation: 'updateItem',
        kind: 'fail',
        times: Number.POSITIVE_INFINITY,
        when: (input) => {
          const text = JSON.stringify(input)
          if (!text.includes(SHARD)) return false
          if (text.includes('checkpointSubSequenceNumber')) checkpoints++
          else if (text.includes(':next')) renewals++
          return false
        },
      })
      const running = worker.run()
      await app.until('the lease', () => worker.heard('leaseAcquired').length > 0)
      for (let second = 0; second < 60; second++) {
        await app.put(`r${second}`)
        await app.until('it', () => app.delivered.includes(`r${second}`))
        await app.until('its checkpoint', () => checkpoints > second, 2000)
      }
      assert.ok(checkpoints >= 60, `${checkpoints} checkpoints`)
      assert.ok(renewals <= 3, `${renewals} renewals beside them`)
      await worker.consumer.close()
      await running
    }))
})
