/** What a script about producers has in its hands. */
import type { kinesis, Random } from '@millrace/core'
import type {
  ProcessHandle,
  SimulatedCreateStreamInput,
  SimulatedProcess,
  SimulatedWorld,
  StoredRecordNotice,
} from '@millrace/testing'
import { Ledger } from '../checkers/ledger.ts'
import { StrictReader } from '../checkers/strict-reader.ts'
import type { WireLimits } from '../checkers/wire-limits.ts'
import { STREAM } from '../fleet/names.ts'
import { type WatchedOptions, WatchedProducer } from './watched-producer.ts'

/** How long the processes of a script may take to end, once it is through. */
const END_MS = 900_000
const LOOK_EVERY_MS = 100

export class ProducerStage {
  readonly world: SimulatedWorld
  readonly random: Random
  readonly ledger: Ledger = new Ledger()
  readonly strict: StrictReader
  readonly wire: WireLimits
  /** False: nothing is noted of what the stream stores; for long histories that judge otherwise. */
  accounts = true
  /** Until when a process is paused that a script has paused. */
  pausedUntilMs = 0

  constructor(world: SimulatedWorld, wire: WireLimits) {
    this.world = world
    this.random = world.random('script')
    this.wire = wire
    this.strict = new StrictReader(() => world.kinesis.shards(STREAM))
  }

  /** For the model, which is made before. */
  stored(notice: StoredRecordNotice): void {
    if (!this.accounts) return
    this.ledger.stored(notice)
    this.strict.stored(notice)
  }

  async createStream(
    shards: number,
    more: Omit<SimulatedCreateStreamInput, 'StreamName' | 'ShardCount'> = {},
  ): Promise<void> {
    await this.world.kinesis.createStream({ StreamName: STREAM, ShardCount: shards, ...more })
    const { MaxRecordSizeInKiB: kib } = more
    if (kib !== undefined) this.wire.setRecordLimit(STREAM, kib * 1024)
  }

  /**
   * A process with one producer. It is closed after the body, unless the body has ended it, and must
   * leave nothing behind.
   */
  start(
    name: string,
    options: WatchedOptions,
    body: (producer: WatchedProducer, process: SimulatedProcess) => Promise<void>,
  ): ProcessHandle {
    const { world, ledger, strict } = this
    const handle = world.spawn(name, async (process) => {
      const producer = new WatchedProducer(
        { world, ledger, strict, process, pausedUntilMs: () => this.pausedUntilMs },
        options,
      )
      await body(producer, process)
      await producer.end()
    })
    void handle.done.then((how) => {
      if (how === 'killed' || handle.error !== undefined || handle.leftBehind === 0) return
      world.violation('S21', `${name} left ${handle.leftBehind} timers or calls behind`)
    })
    return handle
  }

  /** The same; resolves when the process has ended, or says that it does not. */
  async run(...given: Parameters<ProducerStage['start']>): Promise<void> {
    await this.ended(this.start(...given))
  }

  async ended(...handles: readonly ProcessHandle[]): Promise<void> {
    const hasEnded = ({ state }: ProcessHandle): boolean => state === 'exited' || state === 'killed'
    const { world } = this
    const wait = { timeoutMs: END_MS, everyMs: LOOK_EVERY_MS }
    if (await world.until(() => handles.every(hasEnded), wait)) return
    const late = handles.filter((handle) => !hasEnded(handle)).map(({ name }) => name)
    world.violation('S17', `did not end: ${late.join(', ')}`)
  }

  openShards(): readonly kinesis.ServiceShard[] {
    return this.world.kinesis
      .shards(STREAM)
      .filter(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber === undefined)
  }

  /** Splits a shard in its middle, or somewhere else in it. */
  async split(shardId: string, share = 0.5): Promise<void> {
    const shard = this.openShards().find(({ ShardId }) => ShardId === shardId)
    if (shard === undefined) throw new Error(`${shardId} is not open`)
    const start = BigInt(shard.HashKeyRange.StartingHashKey)
    const width = BigInt(shard.HashKeyRange.EndingHashKey) - start
    const at = start + (width * BigInt(Math.round(share * 1000))) / 1000n
    await this.world.kinesis.splitShard({
      StreamName: STREAM,
      ShardToSplit: shardId,
      NewStartingHashKey: at.toString(),
    })
  }

  async merge(left: string, right: string): Promise<void> {
    await this.world.kinesis.mergeShards({
      StreamName: STREAM,
      ShardToMerge: left,
      AdjacentShardToMerge: right,
    })
  }

  pause(handle: ProcessHandle, forMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.world.nowMs() + forMs)
    handle.pause(forMs)
  }

  /** A situation that the script is about has come about; none: the scenario proves nothing. */
  reached(marker: string, times: number): void {
    if (times > 0) this.world.count(`marker.${marker}`, times)
    else this.world.violation('SCENARIO', `never came about: ${marker}`)
  }

  expect(rule: string, holds: boolean, otherwise: string): void {
    if (!holds) this.world.violation(rule, otherwise)
  }

  between(min: number, max: number): number {
    return Math.floor(min + this.random.next() * (max - min + 1))
  }

  /** S17 and S1, once all is over. */
  judge(): void {
    const { world, ledger, strict } = this
    const pending = ledger.puts.filter(({ settled }) => settled === 'pending')
    if (pending.length > 0) world.violation('S17', `${pending.length} puts never settled`)
    const read = new Set<number>()
    for (const { shardId, records } of ledger.shards) {
      for (const { id, sequenceNumber } of records) {
        if (strict.delivers(shardId, sequenceNumber)) read.add(id)
      }
    }
    const lost = ledger.puts.filter(({ id, settled }) => settled === 'acked' && !read.has(id))
    if (lost.length > 0) world.violation('S1', `${lost.length} acked records are never delivered`)
    world.count('records.put', ledger.puts.length)
  }
}
