/**
 * `concurrencyPerShard` above 1: calls of `eachRecord` for different keys run side by side. Costs
 * about 0.5 us a record more than calls one after the other: a few small objects and a promise.
 */
import type { ExtendedSequenceNumber } from '@millrace/core'
import { monotonicMs, nextTurn } from '@millrace/core/internal'
import type { Acknowledgement, Acknowledgements } from '../pulling/acknowledgements.ts'
import type { ConsumerRecord, RecordBatch } from '../record.ts'
import type { PauseGate } from '../shard/pause-gate.ts'
import type { ShardHalt } from '../shard/shard-halt.ts'
import type { Tenure } from '../tenure/tenure.ts'
import { CallFailures } from './call-failures.ts'
import type { HandlerAdapter } from './handler-adapter.ts'
import type { HandlerRetry } from './handler-retry.ts'
import { KeyLanes, type LanedCall } from './key-lanes.ts'
import type { RecordDelivery } from './record-delivery.ts'
import type { ShardHealth } from './shard-health.ts'

/** Handlers that settle at once must not keep renewals from the event loop for longer than this. */
const MAX_TURN_MS = 20

export interface ConcurrentDeliveryOptions<T> {
  readonly tenure: Pick<Tenure, 'believes'>
  readonly adapter: Pick<HandlerAdapter<T>, 'handle'>
  /** What is done, as a gap-free prefix. */
  readonly acknowledgements: Acknowledgements
  /** Called when no call runs any more and what is outstanding never will be done. */
  readonly abandon: () => void
  readonly retry: HandlerRetry<T>
  readonly halt: ShardHalt
  readonly gate: PauseGate
  readonly health: ShardHealth
  /** Calls that run at once, at most. */
  readonly concurrency: number
  /** Nothing more is begun on while the batches before it that are not done hold so much. */
  readonly maxBytes: number
}

class Call<T> implements LanedCall {
  readonly batch: RecordBatch<T>
  readonly at: number
  readonly record: ConsumerRecord<T>
  readonly acknowledgement: Acknowledgement
  next: Call<T> | undefined
  failures: CallFailures | undefined
  sinceMs = 0

  constructor(
    batch: RecordBatch<T>,
    at: number,
    record: ConsumerRecord<T>,
    acknowledgement: Acknowledgement,
  ) {
    this.batch = batch
    this.at = at
    this.record = record
    this.acknowledgement = acknowledgement
  }

  get key(): string | undefined {
    return this.record.partitionKey
  }
}

export class ConcurrentDelivery<T> implements RecordDelivery<T> {
  readonly #options: ConcurrentDeliveryOptions<T>
  readonly #lanes = new KeyLanes<Call<T>>()
  /** In the order of their start. */
  readonly #running = new Set<Call<T>>()
  /** Failed calls that the policy is asked about, or that wait to be called again. */
  #judged = 0
  /** Calls that have failed and are not done. */
  #failing = 0
  #failure: { readonly cause: unknown } | undefined
  #bytes = 0
  #turnStartedMs = 0
  #isPumping = false
  #isWaitingAtGate = false
  #changed: (() => void)[] = []

  constructor(options: ConcurrentDeliveryOptions<T>) {
    this.#options = options
  }

  get callingSinceMs(): number | undefined {
    for (const { sinceMs } of this.#running) return sinceMs
    return undefined
  }

  async deliver(
    batch: RecordBatch<T>,
    through: ExtendedSequenceNumber,
    bytes: number,
  ): Promise<number> {
    const { gate, halt, acknowledgements } = this.#options
    const { records } = batch
    let at = 0
    this.#turnStartedMs = monotonicMs()
    while (at < records.length) {
      if (gate.isPaused) await gate.pass(halt.signal)
      if (this.#failure !== undefined || !this.mayCall()) break
      if (this.#isFull()) {
        await this.#change()
        continue
      }
      const record = records[at] as ConsumerRecord<T>
      this.#lanes.add(new Call(batch, at, record, acknowledgements.open(record)))
      at++
      this.#pump()
      if (monotonicMs() - this.#turnStartedMs > MAX_TURN_MS) await this.turn()
    }
    if (this.#failure !== undefined) await this.settle()
    if (at < records.length) return at
    acknowledgements.passOver(through)
    this.#bytes += bytes
    this.onceHandled(() => {
      this.#bytes -= bytes
    })
    return at
  }

  async settle(): Promise<boolean> {
    for (;;) {
      const isOver = this.#failure !== undefined || !this.mayCall()
      if (isOver && this.#running.size === 0 && this.#judged === 0) {
        this.#options.abandon()
        if (this.#failure !== undefined) throw this.#failure.cause
        return false
      }
      if (!isOver && this.#lanes.size === 0) return true
      await this.#change()
    }
  }

  onceHandled(callback: () => void): void {
    this.#options.acknowledgements.whenDone(callback)
  }

  mayCall(): boolean {
    const { tenure, halt } = this.#options
    if (halt.reason !== undefined) return false
    if (tenure.believes()) return true
    halt.loseLease()
    return false
  }

  async turn(): Promise<void> {
    await new Promise<void>(nextTurn)
    this.#turnStartedMs = monotonicMs()
  }

  /** No further record is looked at: what is known already keeps all calls busy, or is too much. */
  #isFull(): boolean {
    const { concurrency, acknowledgements, maxBytes } = this.#options
    return (
      this.#running.size + this.#lanes.readySize >= concurrency ||
      !acknowledgements.hasRoom ||
      this.#bytes >= maxBytes
    )
  }

  /** Starts calls, as many as may run. */
  #pump(): void {
    // From within: a handler that settles at once is gone on from by the loop below.
    if (this.#isPumping) return
    this.#isPumping = true
    const startedMs = monotonicMs()
    while (this.#lanes.readySize > 0 && this.#mayStart()) {
      const call = this.#lanes.take()
      if (call === undefined) break
      this.#start(call)
      if (this.#lanes.readySize > 0 && monotonicMs() - startedMs > MAX_TURN_MS) {
        nextTurn(() => this.#pump())
        break
      }
    }
    this.#isPumping = false
    this.#wake()
  }

  #mayStart(): boolean {
    const { concurrency, gate } = this.#options
    if (this.#running.size >= concurrency || this.#failure !== undefined) return false
    if (!this.mayCall()) return false
    if (!gate.isPaused) return true
    this.#pumpOnceOpen()
    return false
  }

  #pumpOnceOpen(): void {
    if (this.#isWaitingAtGate) return
    this.#isWaitingAtGate = true
    const { gate, halt } = this.#options
    void gate.pass(halt.signal).then(() => {
      this.#isWaitingAtGate = false
      this.#pump()
    })
  }

  #start(call: Call<T>): void {
    try {
      const settled = this.#options.adapter.handle(call.batch, call.at, undefined)
      if (settled === undefined) {
        this.#succeeded(call)
        return
      }
      call.sinceMs = monotonicMs()
      this.#running.add(call)
      void this.#end(call, settled)
    } catch (error) {
      void this.#judge(call, error)
    }
  }

  async #end(call: Call<T>, settled: Promise<void>): Promise<void> {
    try {
      await settled
      this.#running.delete(call)
      this.#succeeded(call)
      this.#pump()
    } catch (error) {
      this.#running.delete(call)
      await this.#judge(call, error)
    }
  }

  #succeeded(call: Call<T>): void {
    if (call.failures !== undefined) {
      this.#failing--
      if (this.#failing === 0) this.#options.health.handlerWorked()
    }
    this.#lanes.done(call)
    call.acknowledgement.give()
  }

  async #judge(call: Call<T>, error: unknown): Promise<void> {
    const { retry, health, halt } = this.#options
    if (call.failures === undefined) {
      call.failures = new CallFailures()
      this.#failing++
    }
    this.#judged++
    // Its slot is free meanwhile: other keys go on.
    this.#pump()
    // A call that outlived belief is not this worker's to judge, should no timer have said so yet.
    this.mayCall()
    health.handlerFailed(error)
    try {
      const verdict = await retry.judge(call.failures.failed(error, [call.record]))
      if (verdict === 'retry') this.#lanes.again(call)
      else this.#succeeded(call)
    } catch (cause) {
      this.#failure ??= { cause }
      // Whoever waits for the next page is not to wait for it.
      halt.requestStop()
    }
    this.#judged--
    this.#pump()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed.push(resolve)
    })
  }

  #wake(): void {
    const waiting = this.#changed
    if (waiting.length === 0) return
    this.#changed = []
    for (const resolve of waiting) resolve()
  }
}
