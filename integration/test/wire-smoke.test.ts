/** One port, two clients: our SDK adapters (HTTP/1.1) and the stock client as it comes (h2c). */
import assert from 'node:assert/strict'
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import {
  dynamoFromSdk,
  isServiceError,
  type KinesisAdminPort,
  type KinesisPort,
  kinesisFromSdk,
  kinesisOverCbor,
  MAX_HASH_KEY,
} from '@millrace/core'
import { type LocalKinesis, startLocalKinesis } from '@millrace/testing'

type Wire = Pick<
  KinesisPort & KinesisAdminPort,
  | 'createStream'
  | 'putRecords'
  | 'getRecords'
  | 'getShardIterator'
  | 'listShards'
  | 'splitShard'
  | 'mergeShards'
>

const CLIENT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}
const MIB = 1024 * 1024

/** The stock client behind our names, with nothing of ours in between. */
function stockWire(client: KinesisClient): Wire {
  return {
    createStream: async (input) => {
      await client.send(new CreateStreamCommand(input))
    },
    putRecords: async (input) => {
      const { Records } = input
      const output = await client.send(new PutRecordsCommand({ ...input, Records: [...Records] }))
      return { FailedRecordCount: output.FailedRecordCount ?? 0, Records: output.Records ?? [] }
    },
    getRecords: async (input) => {
      const output: GetRecordsCommandOutput = await client.send(new GetRecordsCommand(input))
      return output as Awaited<ReturnType<Wire['getRecords']>>
    },
    getShardIterator: async (input) => {
      const output = await client.send(new GetShardIteratorCommand(input))
      return { ShardIterator: output.ShardIterator ?? '' }
    },
    listShards: async (input) => {
      const output = await client.send(new ListShardsCommand(input))
      return output as Awaited<ReturnType<Wire['listShards']>>
    },
    splitShard: async (input) => {
      await client.send(new SplitShardCommand(input))
    },
    mergeShards: async (input) => {
      await client.send(new MergeShardsCommand(input))
    },
  }
}

function nameOf(error: unknown): string {
  if (isServiceError(error)) return error.awsName
  return error instanceof Error ? error.name : String(error)
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => 'accepted', nameOf)
}

describe('the local wire', () => {
  let local: LocalKinesis
  const ours = { close: (): void => {} }
  const wires = new Map<string, Wire>()
  let stock: KinesisClient

  before(async () => {
    // A clock that stands still makes "in one second" exact.
    local = await startLocalKinesis({ nowMs: () => 1_800_000_000_000 })
    const adapter = kinesisFromSdk({ ...CLIENT, endpoint: local.kinesisUrl })
    const cborAdapter = kinesisOverCbor({ ...CLIENT, endpoint: local.kinesisUrl })
    ours.close = () => {
      adapter.close()
      cborAdapter.close()
    }
    stock = new KinesisClient({ ...CLIENT, endpoint: local.kinesisUrl, maxAttempts: 1 })
    wires.set('our adapter', adapter)
    wires.set('our CBOR adapter', cborAdapter)
    wires.set('the stock client', stockWire(stock))
  })
  after(async () => {
    ours.close()
    stock.destroy()
    await local.close()
  })

  it('meets the stock client on its default handler, which speaks HTTP/2', () => {
    assert.equal(stock.config.requestHandler.metadata?.handlerProtocol, 'h2')
  })

  for (const name of ['our adapter', 'our CBOR adapter', 'the stock client']) {
    describe(`with ${name}`, () => {
      let streams = 0

      function wire(): Wire {
        const found = wires.get(name)
        assert.ok(found)
        return found
      }

      async function newStream(ShardCount = 1): Promise<string> {
        const StreamName = `${name.replaceAll(' ', '-')}-${++streams}`
        await wire().createStream({ StreamName, ShardCount })
        return StreamName
      }

      function put(StreamName: string, sizes: readonly number[]): Promise<unknown> {
        const Records = sizes.map((size) => ({ Data: Buffer.alloc(size), PartitionKey: 'k' }))
        return wire().putRecords({ StreamName, Records })
      }

      async function iterator(StreamName: string): Promise<string> {
        const { ShardIterator } = await wire().getShardIterator({
          StreamName,
          ShardId: 'shardId-000000000000',
          ShardIteratorType: 'TRIM_HORIZON',
        })
        return ShardIterator
      }

      it('brings bytes, key and arrival time back', async () => {
        const StreamName = await newStream()
        const Data = Uint8Array.from({ length: 256 }, (_, byte) => byte)
        const put = await wire().putRecords({
          StreamName,
          Records: [{ Data, PartitionKey: 'ключ' }],
        })
        const { Records } = await wire().getRecords({ ShardIterator: await iterator(StreamName) })
        const record = Records[0]
        assert.ok(record !== undefined && Buffer.compare(record.Data, Data) === 0)
        assert.equal(record.PartitionKey, 'ключ')
        assert.equal(record.SequenceNumber, put.Records[0]?.SequenceNumber)
        assert.equal(record.ApproximateArrivalTimestamp.getTime(), 1_800_000_000_000)
      })

      it('has 501 entries refused', async () => {
        const StreamName = await newStream()
        const sizes = Array.from({ length: 501 }, () => 1)
        assert.equal(await refusal(put(StreamName, sizes)), 'ValidationException')
        assert.equal(await refusal(put(StreamName, sizes.slice(1))), 'accepted')
      })

      it('has a record of 1 MiB taken and one byte more refused', async () => {
        const StreamName = await newStream()
        const partitionKeyBytes = 1
        assert.equal(await refusal(put(StreamName, [MIB])), 'ValidationException')
        assert.equal(await refusal(put(StreamName, [MIB - partitionKeyBytes])), 'accepted')
      })

      it('has a request of 11 MiB refused', async () => {
        const StreamName = await newStream()
        const sizes = Array.from({ length: 11 }, () => MIB - 1)
        assert.equal(await refusal(put(StreamName, sizes)), 'InvalidArgumentException')
      })

      it('has a forged iterator refused, and an expired one', async () => {
        const StreamName = await newStream()
        const forged = wire().getRecords({ ShardIterator: 'AAAAforged' })
        assert.equal(await refusal(forged), 'InvalidArgumentException')
        const ShardIterator = await iterator(StreamName)
        local.kinesis.injectFault({
          operation: 'getRecords',
          kind: 'expire-iterators',
          streamName: StreamName,
        })
        assert.equal(
          await refusal(wire().getRecords({ ShardIterator })),
          'ExpiredIteratorException',
        )
      })

      it('has the second thousand of 2,000 records in one second throttled, each by itself', async () => {
        const StreamName = await newStream()
        const Records = Array.from({ length: 500 }, () => ({
          Data: Buffer.from('x'),
          PartitionKey: 'k',
        }))
        const outputs = await Promise.all(
          Array.from({ length: 4 }, () => wire().putRecords({ StreamName, Records })),
        )
        const entries = outputs.flatMap((output) => output.Records)
        const throttled = entries.filter(
          (entry) => entry.ErrorCode === 'ProvisionedThroughputExceededException',
        )
        assert.equal(throttled.length, 1000)
        assert.equal(entries.filter((entry) => entry.SequenceNumber !== undefined).length, 1000)
        const failed = outputs.reduce((sum, output) => sum + output.FailedRecordCount, 0)
        assert.equal(failed, 1000)
      })

      it('tells the lineage after a split and a merge', async () => {
        const StreamName = await newStream()
        await wire().splitShard({
          StreamName,
          ShardToSplit: 'shardId-000000000000',
          NewStartingHashKey: (MAX_HASH_KEY / 2n + 1n).toString(),
        })
        await wire().mergeShards({
          StreamName,
          ShardToMerge: 'shardId-000000000001',
          AdjacentShardToMerge: 'shardId-000000000002',
        })
        const { Shards } = await wire().listShards({ StreamName })
        assert.deepEqual(
          Shards.map((shard) => [
            shard.ShardId.slice(-1),
            shard.ParentShardId?.slice(-1),
            shard.AdjacentParentShardId?.slice(-1),
            shard.SequenceNumberRange.EndingSequenceNumber === undefined ? 'open' : 'closed',
          ]),
          [
            ['0', undefined, undefined, 'closed'],
            ['1', '0', undefined, 'closed'],
            ['2', '0', undefined, 'closed'],
            ['3', '1', '2', 'open'],
          ],
        )
        const end = await wire().getRecords({ ShardIterator: await iterator(StreamName) })
        assert.equal(end.NextShardIterator, undefined)
        assert.deepEqual(end.ChildShards?.map((child) => child.ShardId.slice(-1)).sort(), [
          '1',
          '2',
        ])
      })

      it('gets no answer when the reply is lost, though the call was applied', async () => {
        const StreamName = await newStream()
        local.kinesis.injectFault({
          operation: 'putRecords',
          kind: 'lose-reply',
          streamName: StreamName,
        })
        assert.notEqual(await refusal(put(StreamName, [1])), 'accepted')
        assert.equal(local.kinesis.records(StreamName).length, 1)
      })
    })
  }

  it('still answers DescribeStream, which older clients send', async () => {
    await local.kinesis.createStream({ StreamName: 'legacy', ShardCount: 2 })
    const { StreamDescription: description } = await stock.send(
      new DescribeStreamCommand({ StreamName: 'legacy' }),
    )
    assert.equal(description?.StreamStatus, 'ACTIVE')
    assert.equal(description?.Shards?.length, 2)
    assert.equal(description?.HasMoreShards, false)
  })

  it('holds a lease condition on the DynamoDB side', async () => {
    const dynamo = dynamoFromSdk({ ...CLIENT, endpoint: local.dynamodbUrl })
    try {
      await dynamo.createTable({
        TableName: 'leases',
        AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      })
      let status: string | undefined
      while (status !== 'ACTIVE') {
        status = (await dynamo.describeTable({ TableName: 'leases' })).Table.TableStatus
      }
      const Item = { leaseKey: { S: 'shard-0' }, leaseCounter: { N: '1' } }
      const ConditionExpression = 'attribute_not_exists(leaseKey)'
      await dynamo.putItem({ TableName: 'leases', Item, ConditionExpression })
      await assert.rejects(dynamo.putItem({ TableName: 'leases', Item, ConditionExpression }), {
        kind: 'condition-failed',
      })
      const read = await dynamo.getItem({
        TableName: 'leases',
        Key: { leaseKey: { S: 'shard-0' } },
        ConsistentRead: true,
      })
      assert.deepEqual(read.Item, Item)
      assert.deepEqual((await dynamo.scan({ TableName: 'leases' })).Items, [Item])
    } finally {
      dynamo.close()
    }
  })
})
