/** The pipelines of a producer: one a stream, made when a record first names it. */
import { InvalidRecordError, type StreamRef } from '@millrace/core'
import { type ResolvedStreamRef, resolveStreamRef } from '@millrace/core/internal'
import {
  metricsSnapshot,
  type ProducerMetric,
  type ProducerMetricsQuery,
  resolveMetricsQuery,
} from '../metric-snapshot.ts'
import { clockMs } from './alarm.ts'
import { StreamPipeline, type StreamPipelineOptions } from './stream-pipeline.ts'

export type StreamPipelinesOptions = Omit<StreamPipelineOptions, 'streamRef' | 'stream'>

export class StreamPipelines {
  readonly #options: StreamPipelinesOptions
  readonly #byKey = new Map<string, StreamPipeline>()
  #default: StreamPipeline | undefined

  constructor(options: StreamPipelinesOptions) {
    this.#options = options
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
    const series = this.all().flatMap(({ metrics }) => metrics.series(nowMs))
    return metricsSnapshot(series, resolveMetricsQuery(query), nowMs)
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
    const pipeline = new StreamPipeline({ ...this.#options, streamRef, stream })
    this.#byKey.set(keyOf(streamRef), pipeline)
    return pipeline
  }
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
