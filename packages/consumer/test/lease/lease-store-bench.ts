/** One lease table on a DynamoDB under test, and what the store's tests do with it. */
import assert from 'node:assert/strict'
import { type DynamoPort, type dynamo, isServiceError } from '@millrace/core'
import { silentLogger } from '@millrace/core/internal'
import type { AskableLease } from '../../src/assignment/handoff-rule.ts'
import type { Lease, NewLease } from '../../src/lease/lease.ts'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import { workerMetricsWrite } from '../../src/lease/worker-metrics-row.ts'
import { ensureLeaseTable } from '../../src/lease-table/lease-table.ts'
import { FlakyDynamo } from './flaky-dynamo.ts'
import { PLAIN_TABLE } from './lease-table-fixture.ts'
import { position } from './leases.ts'

export interface DynamoUnderTest {
  readonly port: DynamoPort
  readonly tearDown: () => Promise<void>
}

const TABLE = 'lease-store-suite'

export class LeaseStoreBench {
  readonly flaky: FlakyDynamo
  readonly store: LeaseStore
  readonly #port: DynamoPort
  #keys = 0

  constructor(port: DynamoPort) {
    this.#port = port
    this.flaky = new FlakyDynamo(port)
    this.store = new LeaseStore({ dynamo: this.flaky, tableName: TABLE, requestTimeoutMs: 5000 })
  }

  async makeTable(): Promise<void> {
    const table = {
      dynamo: this.#port,
      tableName: TABLE,
      workerId: 'suite',
      requestTimeoutMs: 5000,
      wanted: PLAIN_TABLE,
      logger: silentLogger,
    }
    await ensureLeaseTable(table, new AbortController().signal)
  }

  newLease(fields: Partial<NewLease> = {}): NewLease {
    return {
      leaseKey: `shardId-${String(++this.#keys).padStart(12, '0')}`,
      checkpoint: position('TRIM_HORIZON'),
      parentShardIds: [],
      hashKeyRange: { start: 0n, end: 99n },
      ...fields,
    }
  }

  async created(fields: Partial<NewLease> = {}): Promise<Lease> {
    const lease = this.newLease(fields)
    assert.equal(await this.store.createIfAbsent(lease), true)
    return await this.known(lease.leaseKey)
  }

  async owned(leaseOwner: string): Promise<AskableLease> {
    return { ...(await this.created({ leaseOwner })), leaseOwner }
  }

  async addWorker(workerId: string): Promise<void> {
    await this.#port.updateItem(workerMetricsWrite(TABLE, workerId, 1_790_000_000_000))
  }

  async known(leaseKey: string): Promise<Lease> {
    return (await this.store.get(leaseKey)) ?? assert.fail(`${leaseKey} is gone`)
  }

  async row(leaseKey: string): Promise<dynamo.Item | undefined> {
    const Key = { leaseKey: { S: leaseKey } }
    return (await this.#port.getItem({ TableName: TABLE, Key, ConsistentRead: true })).Item
  }

  async remove(leaseKey: string): Promise<void> {
    await this.#port.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: leaseKey } } })
  }

  /** As a Java leader does it. */
  async startHandoff(lease: Lease, to: string): Promise<AskableLease> {
    await this.update(lease.leaseKey, 'SET leaseOwner = :to, checkpointOwner = :from', {
      ':to': { S: to },
      ':from': { S: lease.leaseOwner ?? '' },
    })
    return { ...(await this.known(lease.leaseKey)), leaseOwner: to }
  }

  /** An attribute of other software. */
  async addPrivate(leaseKey: string): Promise<void> {
    await this.update(leaseKey, 'SET privateToOthers = :kept', { ':kept': { S: 'kept' } })
  }

  async update(
    leaseKey: string,
    UpdateExpression: string,
    ExpressionAttributeValues: dynamo.Item,
  ): Promise<void> {
    const Key = { leaseKey: { S: leaseKey } }
    await this.#port.updateItem({
      TableName: TABLE,
      Key,
      UpdateExpression,
      ExpressionAttributeValues,
    })
  }
}

export function unanswered(cause: unknown): boolean {
  return isServiceError(cause) && cause.kind === 'network'
}
