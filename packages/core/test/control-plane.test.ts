import assert from 'node:assert/strict'
import { ControlPlane } from '../src/control-plane.ts'
import { AbortedError } from '../src/errors.ts'
import { LIMITS } from '../src/limits.ts'
import { silentLogger } from '../src/loggers.ts'
import type {
  GetShardIteratorInput,
  KinesisPort,
  ListShardsInput,
  ListShardsOutput,
  ServiceShard,
} from '../src/ports/kinesis.ts'
import { ServiceError } from '../src/service-errors.ts'
import { resolveStreamRef } from '../src/stream-ref.ts'

function shard(id: string): ServiceShard {
  return {
    ShardId: id,
    HashKeyRange: { StartingHashKey: '0', EndingHashKey: '9' },
    SequenceNumberRange: { StartingSequenceNumber: '1' },
  }
}

function page(ids: readonly string[], NextToken?: string): ListShardsOutput {
  return { Shards: ids.map(shard), NextToken }
}

/** Answers calls from a script, one entry a call, and keeps what it was asked. */
class ScriptedKinesis implements KinesisPort {
  readonly asked: object[] = []
  readonly #script: (object | Error)[]

  constructor(...script: (object | Error)[]) {
    this.#script = script
  }

  putRecords = (): Promise<never> => Promise.reject(new Error('not scripted'))
  getRecords = (): Promise<never> => Promise.reject(new Error('not scripted'))
  listShards = (input: ListShardsInput): Promise<ListShardsOutput> => this.#answer(input)
  getShardIterator = (input: GetShardIteratorInput): Promise<{ ShardIterator: string }> =>
    this.#answer(input)
  describeStreamSummary = (input: object): Promise<never> => this.#answer(input)

  async #answer<T>(input: object): Promise<T> {
    this.asked.push(input)
    const next = this.#script.shift()
    if (next === undefined) throw new Error('one call more than the script has')
    if (next instanceof Error) throw next
    return next as T
  }
}

function planeOver(kinesis: KinesisPort, retries = 2): ControlPlane {
  const stream = resolveStreamRef('stream', 'flights')
  return new ControlPlane({ kinesis, stream, logger: silentLogger, retries, firstBackoffMs: 1 })
}

function failure(awsName: string): ServiceError {
  return new ServiceError('ListShards', awsName, 'scripted')
}

describe('ControlPlane.listShards', () => {
  it('asks for later pages with the token alone', async () => {
    const kinesis = new ScriptedKinesis(page(['a'], 't1'), page(['b'], 't2'), page(['c']))
    const shards = await planeOver(kinesis).listShards({ Type: 'AT_LATEST' })
    assert.deepEqual(
      shards.map(({ shardId }) => shardId),
      ['a', 'b', 'c'],
    )
    const MaxResults = LIMITS.listShardsMaxResults
    assert.deepEqual(kinesis.asked, [
      { StreamName: 'flights', MaxResults, ShardFilter: { Type: 'AT_LATEST' } },
      { NextToken: 't1', MaxResults },
      { NextToken: 't2', MaxResults },
    ])
  })

  it('lists a shard once although two pages hold it', async () => {
    const kinesis = new ScriptedKinesis(page(['a', 'b'], 't'), page(['b', 'c']))
    const shards = await planeOver(kinesis).listShards()
    assert.deepEqual(
      shards.map(({ shardId }) => shardId),
      ['a', 'b', 'c'],
    )
  })

  it('begins anew, with nothing kept, when a page token has expired', async () => {
    const expired = failure('ExpiredNextTokenException')
    const kinesis = new ScriptedKinesis(page(['old'], 't'), expired, page(['a'], 't'), page(['b']))
    const shards = await planeOver(kinesis).listShards()
    assert.deepEqual(
      shards.map(({ shardId }) => shardId),
      ['a', 'b'],
    )
  })

  it('gives up after three listings that expired', async () => {
    const expired = failure('ExpiredNextTokenException')
    const kinesis = new ScriptedKinesis(expired, expired, expired)
    await assert.rejects(planeOver(kinesis).listShards(), expired)
    assert.equal(kinesis.asked.length, 3)
  })

  it('repeats only the page that was throttled', async () => {
    const throttled = failure('LimitExceededException')
    const kinesis = new ScriptedKinesis(page(['a'], 't'), throttled, page(['b']))
    assert.equal((await planeOver(kinesis).listShards()).length, 2)
    assert.equal(kinesis.asked.length, 3)
  })

  it('rejects with the last error once retries are spent', async () => {
    const last = failure('ThrottlingException')
    const kinesis = new ScriptedKinesis(failure('InternalFailure'), failure('SlowDown'), last)
    await assert.rejects(planeOver(kinesis, 2).listShards(), last)
    assert.equal(kinesis.asked.length, 3)
  })

  it('does not repeat what cannot succeed', async () => {
    const denied = failure('AccessDeniedException')
    const kinesis = new ScriptedKinesis(denied)
    await assert.rejects(planeOver(kinesis).listShards(), denied)
    assert.equal(kinesis.asked.length, 1)
  })

  it('rejects with an error of ours when the signal fires between attempts', async () => {
    const controller = new AbortController()
    const kinesis = new ScriptedKinesis(failure('InternalFailure'))
    const { listShards } = kinesis
    kinesis.listShards = (input) => {
      controller.abort()
      return listShards(input)
    }
    await assert.rejects(planeOver(kinesis).listShards(undefined, controller.signal), AbortedError)
    assert.equal(kinesis.asked.length, 1)
  })
})

describe('ControlPlane.shardIterator', () => {
  it('makes one attempt, with the stream filled in', async () => {
    const refusal = failure('ProvisionedThroughputExceededException')
    const kinesis = new ScriptedKinesis(refusal, { ShardIterator: 'i' })
    const plane = planeOver(kinesis)
    const input = { ShardId: 'a', ShardIteratorType: 'TRIM_HORIZON' } as const
    await assert.rejects(plane.shardIterator(input), refusal)
    assert.deepEqual(await plane.shardIterator(input), { ShardIterator: 'i' })
    assert.deepEqual(kinesis.asked[1], { StreamName: 'flights', ...input })
  })
})

describe('ControlPlane.describe', () => {
  it('retries and unwraps the summary', async () => {
    const summary = { StreamName: 'flights', OpenShardCount: 4 }
    const kinesis = new ScriptedKinesis(failure('LimitExceededException'), {
      StreamDescriptionSummary: summary,
    })
    assert.equal(await planeOver(kinesis).describe(), summary)
    assert.deepEqual(kinesis.asked[1], { StreamName: 'flights' })
  })
})
