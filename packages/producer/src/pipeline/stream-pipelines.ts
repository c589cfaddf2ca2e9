/** The pipelines of a producer: one a stream, made when a record first names it. */
import { type Codec, InvalidRecordError, type StreamRef } from '@millrace/core'
import {
  metricsSnapshot,
  type ResolvedStreamRef,
  resolveMetricsQuery,
  resolveStreamRef,
} from '@millrace/core/internal'
import { METRICS, type ProducerMetric, type ProducerMetricsQuery } from '../metrics/metric-names.ts'
import { regionCalled } from '../options.ts'
import { clockMs } from './alarm.ts'
import { StreamPipeline } from './stream-pipeline.ts'
import type { StreamPipelineOptions } from './stream-pipeline-options.ts'
import { StreamRules } from './stream-rules.ts'

export type StreamPipelinesOptions = Omit<StreamPipelineOptions, 'streamRef' | 'stream' | 'rules'>

export class StreamPipelines {
  readonly #options: StreamPipelinesOptions
  readonly #byKey = new Map<string, StreamPipeline>()
  #default: StreamPipeline | undefined
  /** Of a stream of which nothing is known, and that has no codec of its own. */
  readonly #rulesOfAny: StreamRules

  constructor(options: StreamPipelinesOptions) {
    this.#options = options
    this.#rulesOfAny = this.#newRules(options.settings.codec)
  }

  /** Where a record goes, if one went there before. */
  find(ref: StreamRef | undefined): StreamPipeline | undefined {
    return ref === undefined ? this.#default : this.#byKey.get(keyOf(ref))
  }

  /** The rules of a stream that no record has named before; it need not be one that can be. */
  rulesOfNew(ref: StreamRef | undefined): StreamRules {
    const { codec, codecs, stream } = this.#options.settings
    if (codecs.size === 0) return this.#rulesOfAny
    const own = codecOf(codecs, ref ?? stream)
    return own === undefined || own === codec ? this.#rulesOfAny : this.#newRules(own)
  }

  /**
   * Where a record goes.
   *
   * @throws InvalidRecordError when it names no stream, or none that can be
   */
  forRecord(ref: StreamRef | undefined): StreamPipeline {
    if (ref === undefined) {
      this.#default ??= this.#makeDefault()
      return this.#default
    }
    return this.#byKey.get(keyOf(ref)) ?? this.#make(ref, checkedRef(ref))
  }

  /**
   * The pipelines of one stream; all without a name. A name and an ARN have a pipeline each: which
   * account a name means only the service knows. Here they count as the same stream.
   *
   * @throws InvalidOptionError for a name or ARN that cannot be
   */
  chosen(ref: StreamRef | undefined): readonly StreamPipeline[] {
    if (ref === undefined) return this.all()
    const { streamName, streamArn } = resolveStreamRef('stream', ref)
    return this.all().filter(({ stream }) => {
      if (stream.streamName !== streamName) return false
      const isByName = stream.streamArn === undefined || streamArn === undefined
      return isByName || stream.streamArn === streamArn
    })
  }

  all(): readonly StreamPipeline[] {
    return [...this.#byKey.values()]
  }

  /** @throws InvalidOptionError */
  metrics(query: ProducerMetricsQuery | undefined): readonly ProducerMetric[] {
    const nowMs = clockMs()
    const resolved = resolveMetricsQuery(
      query,
      METRICS.map(({ name }) => name),
    )
    const series = this.all()
      .flatMap(({ metrics }) => metrics.series(nowMs))
      .flatMap((one) => [one, ...one.codes])
    return metricsSnapshot([{ kinds: METRICS, series }], resolved, nowMs)
  }

  #makeDefault(): StreamPipeline {
    const { stream, resolvedStream } = this.#options.settings
    if (stream !== undefined && resolvedStream !== undefined) {
      return this.#byKey.get(keyOf(stream)) ?? this.#make(stream, resolvedStream)
    }
    throw new InvalidRecordError(
      'stream',
      'The record names no stream, and the producer has none',
      'Set stream on the record, or in the options of the producer.',
    )
  }

  #make(streamRef: StreamRef, stream: ResolvedStreamRef): StreamPipeline {
    const { settings } = this.#options
    const called = regionCalled(settings)
    if (stream.region !== undefined && called !== undefined && stream.region !== called) {
      throw new InvalidRecordError(
        'stream',
        `Stream ${stream.streamName} is in ${stream.region}; this producer calls ${called}`,
        'Make one producer for each region.',
      )
    }
    const rules = this.#newRules(codecOf(settings.codecs, streamRef) ?? settings.codec)
    const pipeline = new StreamPipeline({ ...this.#options, streamRef, stream, rules })
    this.#byKey.set(keyOf(streamRef), pipeline)
    return pipeline
  }

  #newRules(codec: Codec<unknown> | undefined): StreamRules {
    const { maxRecordBytes, maxBufferedBytes } = this.#options.settings
    return new StreamRules({ codec, maxRecordBytes, maxBufferedBytes })
  }
}

/** By the ARN, if it is listed so, else by the name. */
function codecOf(
  codecs: ReadonlyMap<string, Codec<unknown>>,
  ref: StreamRef | undefined,
): Codec<unknown> | undefined {
  const text = typeof ref === 'object' && ref !== null ? ref.arn : ref
  if (typeof text !== 'string') return undefined
  return codecs.get(text) ?? codecs.get(text.slice(text.lastIndexOf('/') + 1))
}

function keyOf(ref: StreamRef): string {
  if (typeof ref === 'string') return ref
  const { arn, streamId } = (ref ?? {}) as { readonly arn?: unknown; readonly streamId?: unknown }
  return streamId === undefined ? String(arn) : `${String(arn)}#${String(streamId)}`
}

function checkedRef(ref: StreamRef): ResolvedStreamRef {
  try {
    return resolveStreamRef('stream', ref)
  } catch (cause) {
    const { message, hint } = cause as { readonly message: string; readonly hint: string }
    throw new InvalidRecordError('stream', message, hint)
  }
}
