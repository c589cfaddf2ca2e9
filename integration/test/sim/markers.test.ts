/** Situations that count as reached. */
import assert from 'node:assert/strict'
import { type DynamoPort, ServiceError } from '@millrace/core'
import type { AppliedWrite } from '@millrace/testing'
import { type LeaseRow, readRow } from '../../sim/checkers/lease-row.ts'
import { Markers } from '../../sim/checkers/markers.ts'

type Item = NonNullable<AppliedWrite['before']>
const S = 'shardId-000000000000'

function row(owner: string, counter: number): Item {
  return {
    ...{ entityType: { S: 'LEASE' }, leaseCounter: { N: String(counter) } },
    ...{ checkpoint: { S: '5' }, leaseOwner: { S: owner } },
  }
}

/** A table of one lease, which `a` holds at counter 1. */
class Table {
  readonly reached: string[] = []
  nowMs = 0
  readonly #rows = new Map<string, LeaseRow>()
  #row = row('a', 1)
  readonly markers = new Markers({
    ...{ rows: this.#rows, lock: { ownerAt: () => 'leader' }, shards: () => [], standsMs: 9900 },
    nowMs: () => this.nowMs,
    reached: (marker) => this.reached.push(marker),
  })

  constructor() {
    this.#applied(undefined, this.#row, 'leader')
  }

  /** The row is raised by one, and goes to an owner. */
  write(by: string, owner: string): void {
    const before = this.#row
    this.#row = row(owner, Number(before['leaseCounter']?.N) + 1)
    this.#applied(before, this.#row, by)
  }

  /** A checkpoint of `a` whose call fails. */
  async failing(awsName: string, before: () => void = () => {}): Promise<void> {
    const updateItem: DynamoPort['updateItem'] = () => {
      before()
      return Promise.reject(new ServiceError('UpdateItem', awsName, 'as told'))
    }
    const input = {
      ...{ TableName: 't', Key: { leaseKey: { S } } },
      UpdateExpression: 'SET #checkpoint = :at',
      ExpressionAttributeNames: { '#checkpoint': 'checkpoint' },
    }
    const port = this.markers.watched({ updateItem } as unknown as DynamoPort, 'a')
    await assert.rejects(port.updateItem(input))
  }

  #applied(before: Item | undefined, after: Item, by: string): void {
    this.#rows.set(S, readRow(after))
    this.markers.applied({
      ...{ tableName: 't', key: { leaseKey: { S } }, before, after, operation: 'UpdateItem' },
      origin: { process: by, sentMs: 0 },
    })
  }
}

describe('Markers', () => {
  it('tells a lease taken from the living from one that had expired', () => {
    const table = new Table()
    table.nowMs = 5000
    table.write('leader', 'b')
    assert.deepEqual(table.reached, ['taken-from-the-living'])
    table.nowMs = 15_000
    table.write('leader', 'c')
    assert.deepEqual(table.reached, ['taken-from-the-living', 'expired-lease-given'])
  })

  it('knows a worker that serves itself', () => {
    const table = new Table()
    table.nowMs = 10_000
    table.write('b', 'b')
    assert.deepEqual(table.reached, ['self-service-take-over'])
  })

  it('does not count what a holder gives away itself', () => {
    const table = new Table()
    table.write('a', 'b')
    assert.deepEqual(table.reached, [])
  })

  it('knows a holder that goes on from its own write although the reply was lost', async () => {
    const table = new Table()
    await table.failing('TimeoutError', () => table.write('a', 'a'))
    assert.deepEqual(table.reached, [])
    table.write('a', 'a')
    assert.deepEqual(table.reached, ['lost-reply-recovered'])
  })

  it('does not when the request itself was lost', async () => {
    const table = new Table()
    await table.failing('TimeoutError')
    table.write('a', 'a')
    assert.deepEqual(table.reached, [])
  })

  it('knows a checkpoint that comes after the lease has gone', async () => {
    const table = new Table()
    await table.failing('ConditionalCheckFailedException')
    assert.deepEqual(table.reached, [])
    table.write('a', 'b')
    await table.failing('ConditionalCheckFailedException')
    assert.deepEqual(table.reached, ['checkpoint-refused-after-loss'])
  })
})
