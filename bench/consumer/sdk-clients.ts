/** What one writes without a library: GetRecords in a loop for each shard, no leases, no checkpoints. */
import { Agent } from 'node:https'
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { evenShards } from '../../integration/harness/even-shards.ts'
import { loadPeer } from '../aws-kinesis-agg.ts'
import { CREDENTIALS, REGION } from '../environment.ts'
import type { ReadingClient } from './client.ts'
import { type ClientSettings, type Content, SHARDS } from './messages.ts'
import type { ShardTally, Tally } from './tally.ts'

export function sdkAsShipped(settings: ClientSettings, tally: Tally): ReadingClient {
  const endpoint = settings.kinesisUrl
  const client = new KinesisClient({ region: REGION, endpoint, credentials: CREDENTIALS })
  return new ReadingLoops(client, settings, tally)
}

export function sdkKeepAlive(settings: ClientSettings, tally: Tally): ReadingClient {
  const client = new KinesisClient({
    region: REGION,
    endpoint: settings.kinesisUrl,
    credentials: CREDENTIALS,
    requestHandler: new NodeHttpHandler({
      httpsAgent: new Agent({ keepAlive: true, maxSockets: SHARDS }),
    }),
  })
  return new ReadingLoops(client, settings, tally)
}

type TakeRecord = (data: Uint8Array, sequenceNumber: string, shard: ShardTally) => void

class ReadingLoops implements ReadingClient {
  readonly #client: KinesisClient
  readonly #stream: string
  readonly #tally: Tally
  readonly #take: TakeRecord
  readonly #iterators = new Map<string, string | undefined>(
    evenShards(SHARDS).shards.map(({ shardId }) => [shardId, undefined]),
  )

  constructor(client: KinesisClient, { stream, content }: ClientSettings, tally: Tally) {
    this.#client = client
    this.#stream = stream
    this.#tally = tally
    this.#take = takeFor(content)
  }

  /** All there is: until each shard gives an empty page. */
  async read(): Promise<void> {
    await Promise.all([...this.#iterators.keys()].map((shardId) => this.#readShard(shardId)))
  }

  async #readShard(shardId: string): Promise<void> {
    const shard = this.#tally.shard(shardId)
    let iterator = this.#iterators.get(shardId) ?? (await this.#firstIterator(shardId))
    for (;;) {
      const page = await this.#client.send(new GetRecordsCommand({ ShardIterator: iterator }))
      iterator = page.NextShardIterator ?? ''
      const records = page.Records ?? []
      for (const { Data, SequenceNumber } of records) {
        this.#take(Data as Uint8Array, SequenceNumber as string, shard)
      }
      if (records.length === 0) break
    }
    this.#iterators.set(shardId, iterator)
  }

  async #firstIterator(shardId: string): Promise<string> {
    const { ShardIterator = '' } = await this.#client.send(
      new GetShardIteratorCommand({
        StreamName: this.#stream,
        ShardId: shardId,
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    )
    return ShardIterator
  }
}

function takeFor(content: Content): TakeRecord {
  if (content === 'plain') {
    return (data, sequenceNumber, shard) => shard.add(sequenceNumber, 0, data.length)
  }
  const peer = loadPeer()
  return (data, sequenceNumber, shard) => {
    // Bytes where its own callers pass base64: it takes both, and this costs it less.
    const record = { data: data as never, partitionKey: '', sequenceNumber }
    peer.deaggregateSync(record, true, (error, userRecords) => {
      if (error) throw new Error('the peer refuses an aggregate', { cause: error })
      for (let i = 0; i < userRecords.length; i++) {
        const userData = Buffer.from(userRecords[i]?.data ?? '', 'base64')
        shard.add(sequenceNumber, i, userData.length)
      }
    })
  }
}
