/** HOT: from the call to the accepted record, about 0.1 us beside the checks; no allocation of its own. */
import { AbortedError } from '@millrace/core'
import { checkRecordObject } from '@millrace/core/internal'
import type { UserRecord } from '../user-record.ts'
import { Admission } from './admission.ts'
import type { Backpressure, Gate } from './backpressure.ts'
import type { OutcomeListener, Resolve, Told } from './outstanding-record.ts'
import { PutCall } from './put-call.ts'
import type { StreamPipeline } from './stream-pipeline.ts'
import type { StreamPipelines } from './stream-pipelines.ts'

/** Accepts records: at once, after a wait for room, or not at all. */
export class Intake {
  readonly #admission = new Admission()
  readonly #pipelines: StreamPipelines
  readonly #backpressure: Backpressure
  #sequence = 0

  constructor(pipelines: StreamPipelines, backpressure: Backpressure) {
    this.#pipelines = pipelines
    this.#backpressure = backpressure
  }

  /** Of the last call, accepted or waiting. */
  get lastSequence(): number {
    return this.#sequence
  }

  /** @throws InvalidRecordError, AbortedError; the promise is settled otherwise */
  put(record: UserRecord<unknown>, signal: AbortSignal | undefined, resolve: Resolve): void {
    if (signal?.aborted) throw new AbortedError('put()', signal.reason)
    const bytes = this.#check(record)
    const pipeline = this.#pipelines.forRecord(record.stream)
    const sequence = ++this.#sequence
    const gate = pipeline.gateFor(this.#admission.words, this.#admission.isDoubtful)
    const goesNow = gate === undefined && this.#backpressure.hasRoom(bytes)
    if (goesNow && signal === undefined) {
      this.#admit(pipeline, record, sequence, resolve)
      return
    }
    this.#wait(pipeline, record, bytes, sequence, goesNow ? 'goes' : gate, signal, resolve)
  }

  /**
   * @returns false when the record was not accepted: there is no room, or only the description of the
   *   stream can judge it, which is on its way
   * @throws InvalidRecordError
   */
  tryPut(record: UserRecord<unknown>, listener: OutcomeListener | undefined): boolean {
    const bytes = this.#check(record)
    const pipeline = this.#pipelines.forRecord(record.stream)
    const { words, isDoubtful } = this.#admission
    const gate = pipeline.gateFor(words, isDoubtful)
    if (gate !== undefined || !this.#backpressure.hasRoom(bytes)) {
      this.#backpressure.wantDrain()
      return false
    }
    this.#admit(pipeline, record, ++this.#sequence, listener)
    return true
  }

  /** A call that has to wait, or that may be given up. Apart from `put`: closures cost every call. */
  #wait(
    pipeline: StreamPipeline,
    record: UserRecord<unknown>,
    bytes: number,
    sequence: number,
    gate: Gate | undefined | 'goes',
    signal: AbortSignal | undefined,
    resolve: Resolve,
  ): void {
    const isChecked = gate === 'goes'
    const call = new PutCall(sequence, pipeline.stream.streamName, bytes, {
      signal,
      resolve,
      accept: (told) => {
        // After a wait its user may have changed it, and others have been checked since.
        if (!isChecked) this.#check(record)
        this.#admit(pipeline, record, sequence, told)
      },
      gate: () => this.#gateFor(pipeline, record),
      cancel: (waiting) => this.#backpressure.cancel(waiting),
    })
    if (gate === 'goes') {
      call.admit()
      return
    }
    try {
      this.#backpressure.wait(call, gate)
    } catch (error) {
      call.fail(error as Error)
    }
  }

  /** What the record will be charged with. @throws InvalidRecordError */
  #check(record: UserRecord<unknown>): number {
    checkRecordObject(record)
    const rules =
      this.#pipelines.find(record.stream)?.rules ?? this.#pipelines.rulesOfNew(record.stream)
    return this.#admission.check(record, rules)
  }

  /** The gate in the way of a record whose turn has come after a wait. */
  #gateFor(pipeline: StreamPipeline, record: UserRecord<unknown>): Gate | undefined {
    if (!pipeline.mayHoldBack) return undefined
    try {
      this.#check(record)
      return pipeline.gateFor(this.#admission.words, this.#admission.isDoubtful)
    } catch {
      // No gate stands before a record that is wrong: it is told so when it is accepted.
      return undefined
    }
  }

  /** Accepts the record that was checked last. */
  #admit(
    pipeline: StreamPipeline,
    record: UserRecord<unknown>,
    sequence: number,
    told: Told,
  ): void {
    const { keyBytes, explicitHashKey, data, words } = this.#admission
    const { partitionKey = '' } = record
    pipeline.admit(sequence, partitionKey, keyBytes, explicitHashKey, data, told, words)
  }
}
