import assert from 'node:assert/strict'
import {
  type AppliedWrite,
  type SimulatedWorld,
  type SimulateOptions,
  simulate,
} from '@millrace/testing'

const TableName = 'leases'
const leaseKey = { S: 'shardId-000000000000' }
const INDEX = 'by-owner'

async function run(
  programme: (world: SimulatedWorld) => Promise<void>,
  options: Partial<SimulateOptions> = {},
): ReturnType<typeof simulate> {
  const result = await simulate({
    seed: 3,
    faults: { latencyMs: { min: 1, max: 1 } },
    async programme(world) {
      await world.dynamo.createTable({
        TableName,
        AttributeDefinitions: [
          { AttributeName: 'leaseKey', AttributeType: 'S' },
          { AttributeName: 'leaseOwner', AttributeType: 'S' },
        ],
        KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        GlobalSecondaryIndexes: [
          {
            IndexName: INDEX,
            KeySchema: [{ AttributeName: 'leaseOwner', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        ],
      })
      await programme(world)
    },
    ...options,
  })
  assert.deepEqual(result.violations, [])
  return result
}

async function ownedBy(world: SimulatedWorld, owner: string): Promise<number> {
  const { Items } = await world.dynamo.query({
    TableName,
    IndexName: INDEX,
    KeyConditionExpression: 'leaseOwner = :owner',
    ExpressionAttributeValues: { ':owner': { S: owner } },
  })
  return Items.length
}

describe("the simulation's DynamoDB", () => {
  it('keeps what processes write through the network, and tells of each write', async () => {
    const writes: AppliedWrite[] = []
    await run(
      async (world) => {
        const { done } = world.spawn('w1', async ({ dynamo }) => {
          await dynamo.putItem({ TableName, Item: { leaseKey, leaseCounter: { N: '0' } } })
        })
        assert.equal(await done, 'exited')
        assert.equal(world.nowMs(), 2)
        await world.dynamo.putItem({ TableName, Item: { leaseKey, leaseCounter: { N: '0' } } })
        assert.deepEqual(world.dynamo.items(TableName), [{ leaseKey, leaseCounter: { N: '0' } }])
      },
      { dynamo: { onWrite: (write) => writes.push(write) } },
    )
    assert.deepEqual(
      writes.map(({ tableName, key, before, origin }) => [tableName, key, before, origin]),
      [
        [TableName, { leaseKey }, undefined, { process: 'w1', sentMs: 0 }],
        [TableName, { leaseKey }, { leaseKey, leaseCounter: { N: '0' } }, undefined],
      ],
    )
  })

  it('makes the index lag as long as the faults say, and no longer after heal', async () => {
    const faults = { latencyMs: { min: 1, max: 1 }, indexLagMs: 10_000 }
    await run(
      async (world) => {
        let late = 0
        for (let i = 0; i < 20; i++) {
          const owner = `w${i}`
          await world.dynamo.putItem({ TableName, Item: { leaseKey, leaseOwner: { S: owner } } })
          if ((await ownedBy(world, owner)) === 0) late++
          await world.sleep(10_000)
          assert.equal(await ownedBy(world, owner), 1)
        }
        assert.ok(late > 10, `${late} of 20 were late`)
        world.heal()
        await world.dynamo.putItem({ TableName, Item: { leaseKey, leaseOwner: { S: 'last' } } })
        assert.equal(await ownedBy(world, 'last'), 1)
      },
      { faults },
    )
  })

  it('is the same history for the same seed, lag included', async () => {
    const hashes: string[] = []
    for (const seed of [7, 7, 8]) {
      const faults = { latencyMs: { min: 1, max: 30 }, indexLagMs: 200 }
      const result = await run(
        async (world) => {
          const { done } = world.spawn('w1', async ({ dynamo }) => {
            for (let i = 0; i < 10; i++) {
              await dynamo.putItem({
                TableName,
                Item: { leaseKey, leaseOwner: { S: `w${i % 2}` } },
              })
              world.note('owned', { w0: await ownedBy(world, 'w0') })
            }
          })
          await done
        },
        { seed, faults },
      )
      hashes.push(result.traceHash)
    }
    assert.equal(hashes[0], hashes[1])
    assert.notEqual(hashes[0], hashes[2])
  })
})
