/** The account's streams: by name or ARN, brought up to now, refused where the service would. */
import type { kinesis } from '@millrace/core'
import { type CheckedCreateStream, isStreamName } from './create-rules.ts'
import type { ResolvedSimulatedKinesisOptions } from './options.ts'
import { inUse, invalidArgument, invalidField, notFound } from './refusals.ts'
import { SimulatedStream } from './stream.ts'

const HOUR_MS = 3_600_000

export class StreamDirectory {
  readonly #options: ResolvedSimulatedKinesisOptions
  readonly #streams = new Map<string, SimulatedStream>()
  #lastBirth = 0

  constructor(options: ResolvedSimulatedKinesisOptions) {
    this.#options = options
  }

  /** Names of the streams that exist, deleted ones gone. */
  names(): string[] {
    return [...this.#streams.keys()].filter((name) => this.find(name) !== undefined)
  }

  find(name: string): SimulatedStream | undefined {
    const stream = this.#streams.get(name)
    if (stream === undefined) return undefined
    stream.settle(this.#options.nowMs())
    if (stream.status !== 'DELETED') return stream
    this.#streams.delete(name)
    return undefined
  }

  /** @throws ServiceError */
  get(operation: string, input: kinesis.StreamInput): SimulatedStream {
    const name = this.#nameOf(operation, input)
    const stream = this.find(name)
    if (stream !== undefined) return stream
    throw notFound(operation, `${this.label(name)} not found.`)
  }

  /** A stream that has shards: one that is still CREATING is not found. @throws ServiceError */
  getReady(operation: string, input: kinesis.StreamInput): SimulatedStream {
    const stream = this.get(operation, input)
    if (stream.status !== 'CREATING') return stream
    throw notFound(operation, `${this.label(stream.birth.name)} not found: it is CREATING.`)
  }

  /** @throws ServiceError */
  create(checked: CheckedCreateStream): SimulatedStream {
    const { name, ...settings } = checked
    if (this.find(name) !== undefined) {
      throw inUse('CreateStream', `${this.label(name)} already exists.`)
    }
    const createdMs = this.#options.nowMs()
    // Streams of one name created within a millisecond are still different streams.
    this.#lastBirth = Math.max(this.#lastBirth + 1, Math.floor(createdMs))
    const stream = new SimulatedStream({
      ...settings,
      name,
      arn: this.#arnOf(name),
      birth: this.#lastBirth,
      createdMs,
      activeAtMs: createdMs + this.#options.statusChangeMs,
      retentionMs: this.#options.retentionHours * HOUR_MS,
    })
    this.#streams.set(name, stream)
    return stream
  }

  /** How messages name a stream. */
  label(name: string): string {
    return `stream ${name} under account ${this.#options.accountId}`
  }

  #arnOf(name: string): string {
    return `arn:aws:kinesis:${this.#options.region}:${this.#options.accountId}:stream/${name}`
  }

  #nameOf(operation: string, input: kinesis.StreamInput): string {
    const { StreamName: name, StreamARN: arn } = input
    if (name !== undefined && !isStreamName(name)) {
      throw invalidField(operation, 'streamName', 'Member must satisfy pattern: [a-zA-Z0-9_.-]+')
    }
    if (arn === undefined) {
      if (name !== undefined) return name
      throw invalidArgument(operation, 'Either StreamName or StreamARN must be provided.')
    }
    const named = arn.slice(arn.indexOf(':stream/') + ':stream/'.length)
    if (!arn.startsWith('arn:') || !isStreamName(named)) {
      throw invalidField(operation, 'streamARN', 'Member must be a stream ARN')
    }
    if (name !== undefined && name !== named) {
      throw invalidArgument(operation, `StreamName ${name} and StreamARN ${arn} do not match.`)
    }
    if (arn === this.#arnOf(named)) return named
    throw notFound(operation, `Stream ${arn} not found.`)
  }
}
