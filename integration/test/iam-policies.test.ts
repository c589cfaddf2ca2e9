/** The policies of docs/going-to-production.md allow what is called, and nothing else. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DynamoPort, KinesisPort } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import {
  consume,
  EVERY_TABLE_OPTION,
  ObservedAccount,
  produce,
  STREAM,
  TABLE,
} from '../iam/observed-run.ts'
import { allowedBy, policyBelow } from '../iam/policy-page.ts'
import { warmUpSdk } from '../sim/fleet/sdk-clients.ts'

const PAGE = resolve(import.meta.dirname, '../../docs/going-to-production.md')

/** All that the ports have: a call that the runs below never make would be in no policy. */
const KINESIS_CALLS: Record<keyof KinesisPort, true> = {
  putRecords: true,
  getRecords: true,
  getShardIterator: true,
  listShards: true,
  describeStreamSummary: true,
}
const DYNAMO_CALLS: Record<keyof DynamoPort, true> = {
  getItem: true,
  putItem: true,
  updateItem: true,
  deleteItem: true,
  query: true,
  scan: true,
  createTable: true,
  updateTable: true,
  describeTable: true,
  updateContinuousBackups: true,
}

interface Observed {
  readonly producer: readonly string[]
  /** The table is there, as a deployment makes it. */
  readonly consumer: readonly string[]
  /** A worker that makes the table, with every option. */
  readonly founder: readonly string[]
  /** A worker that finds a table of an older KCL, without the index. */
  readonly successor: readonly string[]
}

describe('docs/going-to-production.md', () => {
  const page = readFileSync(PAGE, 'utf8')
  let observed: Observed

  before(async () => {
    await warmUpSdk()
    observed = await runInVirtualTime(async () => {
      const account = new ObservedAccount()
      await account.createStream()
      await produce(account)
      const founder = await consume(account, EVERY_TABLE_OPTION)
      await remakeStream(account)
      await produce(account)
      const consumer = await consume(account, {})
      const auto = new ObservedAccount()
      await auto.createAutoStream()
      const producer = await produce(auto, { withoutKey: true })
      const old = new ObservedAccount()
      await old.createStream()
      await makeOldTable(old)
      const successor = await consume(old, {})
      return {
        producer: producer.sorted,
        founder: founder.sorted,
        consumer: consumer.sorted,
        successor: successor.sorted,
      }
    })
  })

  it('allows the producer what it calls, and no more', () => {
    assert.deepEqual(allowedBy(policyBelow(page, 'Producer')), observed.producer)
  })

  it('allows the consumer what it calls, and no more', () => {
    assert.deepEqual(allowedBy(policyBelow(page, 'Consumer')), observed.consumer)
  })

  it('allows whoever makes the lease table what that takes, beside the consumer’s, and no more', () => {
    const both = new Set([
      ...allowedBy(policyBelow(page, 'Consumer')),
      ...allowedBy(policyBelow(page, 'The lease table, at the first start')),
    ])
    const called = new Set([...observed.founder, ...observed.successor])
    assert.deepEqual([...both].sort(), [...called].sort())
  })

  it('is held by runs that make every call the ports have', () => {
    const called = new Set(
      Object.values(observed)
        .flat()
        .map((action) => action.split(/[: ]/)[1]),
    )
    for (const call of [...Object.keys(KINESIS_CALLS), ...Object.keys(DYNAMO_CALLS)]) {
      assert.ok(called.has(call.charAt(0).toUpperCase() + call.slice(1)), call)
    }
  })
})

/** Deleted and made again under its name: what `onRecreatedStream: 'reset'` is for. */
async function remakeStream(account: ObservedAccount): Promise<void> {
  await account.kinesis.deleteStream({ StreamName: STREAM })
  await sleep(60_000)
  await account.createStream()
}

async function makeOldTable({ dynamo }: ObservedAccount): Promise<void> {
  await dynamo.createTable({
    TableName: TABLE,
    AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  })
}
