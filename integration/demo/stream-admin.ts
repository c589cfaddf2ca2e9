/** The parent's own view of the stream: its shards, a split, a merge, through the Kinesis API. */
import { kinesisFromSdk, type SdkKinesis, type Shard } from '@millrace/core'
import { shardFromService, sleep } from '@millrace/core/internal'
import { LOCAL_AWS, STREAM } from './processes.ts'
import type { SplitChoice } from './reshard-choice.ts'

const STATUS_POLL_MS = 100

export class StreamAdmin {
  readonly #kinesis: SdkKinesis

  constructor(endpoint: string) {
    this.#kinesis = kinesisFromSdk({ ...LOCAL_AWS, endpoint })
  }

  async shards(): Promise<Shard[]> {
    const shards: Shard[] = []
    let token: string | undefined
    do {
      const page = await this.#kinesis.listShards(
        token === undefined ? { StreamName: STREAM } : { NextToken: token },
      )
      shards.push(...page.Shards.map(shardFromService))
      token = page.NextToken
    } while (token !== undefined)
    return shards
  }

  async split({ shardId, newStartingHashKey }: SplitChoice): Promise<void> {
    await this.#kinesis.splitShard({
      StreamName: STREAM,
      ShardToSplit: shardId,
      NewStartingHashKey: newStartingHashKey,
    })
    await this.#active()
  }

  async merge([lower, upper]: readonly [string, string]): Promise<void> {
    await this.#kinesis.mergeShards({
      StreamName: STREAM,
      ShardToMerge: lower,
      AdjacentShardToMerge: upper,
    })
    await this.#active()
  }

  close(): void {
    this.#kinesis.close()
  }

  async #active(): Promise<void> {
    for (;;) {
      const { StreamDescriptionSummary } = await this.#kinesis.describeStreamSummary({
        StreamName: STREAM,
      })
      if (StreamDescriptionSummary.StreamStatus === 'ACTIVE') return
      await sleep(STATUS_POLL_MS)
    }
  }
}
