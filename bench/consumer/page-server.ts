/** Streams of canned pages: as many as there are told to be, in order, each as often as it is asked for. */
import type { ShardMap } from '@millrace/core'
import { readCbor } from '@millrace/core/internal'
import type { Operation } from '../../integration/harness/tls-kinesis/server.ts'
import { CannedPage, emptyAnswer } from './canned-page.ts'
import type { StreamState, StubCommand, StubSettings } from './messages.ts'
import { pageContent } from './page-content.ts'
import { iteratorOf, pageOf, positionOf } from './positions.ts'

/** Behind, and at the tip. */
const BEHIND_MS = 1000

interface ServedStream {
  /** In each shard. */
  pages: number
  readonly shardsRead: Set<number>
  /** By shard: how many of its pages were asked for, each once however often it was. */
  readonly pagesRead: Map<number, number>
}

export class PageServer {
  readonly #pages: readonly CannedPage[]
  readonly #userRecords: number
  readonly #dataBytes: number
  readonly #shardMap: ShardMap
  readonly #streams = new Map<string, ServedStream>()

  constructor(settings: StubSettings, shardMap: ShardMap) {
    const contents = shardMap.shards.map((shard) => pageContent(settings, shard))
    this.#shardMap = shardMap
    this.#pages = contents.map(({ records }) => new CannedPage(records))
    this.#userRecords = contents.reduce((sum, each) => sum + each.userRecords, 0)
    this.#dataBytes = contents.reduce((sum, each) => sum + each.dataBytes, 0)
  }

  get operations(): Readonly<Record<string, Operation>> {
    return {
      GetRecords: (contentType, body) => this.#getRecords(contentType, body),
      GetShardIterator: (contentType, body) => this.#getShardIterator(contentType, body),
      DescribeStreamSummary: (contentType, body) => this.#describe(contentType, body),
    }
  }

  add({ stream, pages }: StubCommand): Omit<StreamState, 'fault'> {
    const served = this.#stream(stream)
    served.pages += pages
    return {
      userRecords: pages * this.#userRecords,
      dataBytes: pages * this.#dataBytes,
      shardsRead: served.shardsRead.size,
      pagesRead: [...served.pagesRead.values()].reduce((sum, pages) => sum + pages, 0),
    }
  }

  #getRecords(contentType: string, body: Buffer): Buffer {
    const { ShardIterator } = inputOf<{ readonly ShardIterator: string }>(contentType, body)
    const isCbor = contentType.includes('cbor')
    const { stream, shard, page } = positionOf(ShardIterator)
    const served = this.#stream(stream)
    served.shardsRead.add(shard)
    if (page >= served.pages) return emptyAnswer(isCbor, ShardIterator)
    const canned = this.#pages[shard]
    if (canned === undefined) throw new Error(`shard ${shard}`)
    const next = iteratorOf({ stream, shard, page: page + 1 })
    const answer = canned.answer(isCbor, page, next, page + 1 < served.pages ? BEHIND_MS : 0)
    served.pagesRead.set(shard, Math.max(served.pagesRead.get(shard) ?? 0, page + 1))
    return answer
  }

  #getShardIterator(contentType: string, body: Buffer): object {
    const input = inputOf<{
      readonly StreamName?: string
      readonly StreamARN?: string
      readonly ShardId: string
      readonly ShardIteratorType: string
      readonly StartingSequenceNumber?: string
    }>(contentType, body)
    const shard = this.#shardMap.shards.findIndex(({ shardId }) => shardId === input.ShardId)
    if (shard < 0) throw new Error(`shard ${input.ShardId}`)
    return {
      ShardIterator: iteratorOf({ stream: streamNameOf(input), shard, page: startOf(input) }),
    }
  }

  #describe(contentType: string, body: Buffer): object {
    const name = streamNameOf(inputOf(contentType, body))
    return {
      StreamDescriptionSummary: {
        StreamName: name,
        StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`,
        StreamStatus: 'ACTIVE',
        StreamCreationTimestamp: 1_700_000_000,
        RetentionPeriodHours: 24,
        OpenShardCount: this.#shardMap.shards.length,
        StreamModeDetails: { StreamMode: 'PROVISIONED' },
        EnhancedMonitoring: [],
      },
    }
  }

  #stream(name: string): ServedStream {
    let stream = this.#streams.get(name)
    if (stream === undefined) {
      stream = { pages: 0, shardsRead: new Set(), pagesRead: new Map() }
      this.#streams.set(name, stream)
    }
    return stream
  }
}

function inputOf<I>(contentType: string, body: Buffer): I {
  return (contentType.includes('cbor') ? readCbor(body) : JSON.parse(body.toString())) as I
}

function streamNameOf(input: {
  readonly StreamName?: string
  readonly StreamARN?: string
}): string {
  const name = input.StreamName ?? input.StreamARN?.split('/').at(-1)
  if (name === undefined) throw new Error('no stream is named')
  return name
}

/** Records of one page are one read: AT begins with the page, AFTER behind it. */
function startOf({
  ShardIteratorType: type,
  StartingSequenceNumber: number,
}: {
  readonly ShardIteratorType: string
  readonly StartingSequenceNumber?: string
}): number {
  if (type === 'TRIM_HORIZON') return 0
  if (number === undefined) throw new Error(`an iterator ${type}`)
  return type === 'AFTER_SEQUENCE_NUMBER' ? pageOf(number) + 1 : pageOf(number)
}
