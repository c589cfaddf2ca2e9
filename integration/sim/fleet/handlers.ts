/** Handlers of simulated workers: they report every call before anything else happens in it. */
import type { ConsumerRecord, Handler, InitializeInput, ShardContext } from '@millrace/consumer'
import type { Random } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { DeliveryChecker } from '../checkers/delivery-checker.ts'
import type { Ledger } from '../checkers/ledger.ts'
import type { HistoryPlan } from './history-plan.ts'
import type { Mischief } from './mischief.ts'
import type { PullingStyle, Style } from './styles.ts'

export interface HandlerCall {
  readonly workerId: string
  readonly records: readonly ConsumerRecord[]
  readonly shard: ShardContext
  /** At the end of the shard there are no records. */
  readonly during: 'records' | 'shard-end'
  /** Of a processor: this call is followed by no checkpoint. */
  leaveUnstored(): void
  /** Synchronous work: see SimulatedProcess. */
  busy(forMs: number): Promise<void>
}

export interface HandlerOptions {
  readonly plan: Pick<
    HistoryPlan,
    'handlerFailure' | 'handlerMaxMs' | 'handlerStuck' | 'onHandlerError'
  >
  readonly workerId: string
  /** Calls for records of different keys run side by side. */
  readonly isInOrderByKey: boolean
  readonly ledger: Ledger
  readonly deliveries: DeliveryChecker
  readonly random: Random
  /** Handlers fail and get stuck only until then. */
  readonly isHealed: () => boolean
  /** A script's part of each handler call, after it has been reported; what it throws, the call throws. */
  readonly onCall: (call: HandlerCall) => Promise<void> | undefined
  /** A script's part of each `initialize` of a processor. */
  readonly onInitialize: (shardId: string, input: InitializeInput) => Promise<void> | undefined
  readonly mischief: Mischief
  readonly busy: (forMs: number) => Promise<void>
  /** A call begins with this record, the last of its batch. */
  readonly onBegun: (shardId: string, sequenceNumber: string) => void
  /** A call of this worker is about to throw. */
  readonly onThrow: () => void
  /** A call of this worker will never settle. */
  readonly onStuck: (workerId: string) => void
}

export function handlerOf(style: Exclude<Style, PullingStyle>, options: HandlerOptions): Handler {
  const handle = (records: readonly ConsumerRecord[], shard: ShardContext): Promise<boolean> =>
    handleRecords(options, records, shard)
  switch (style) {
    case 'eachRecord':
      return { eachRecord: async (record, shard) => void (await handle([record], shard)) }
    case 'eachBatch':
      return { eachBatch: async ({ records, shard }) => void (await handle(records, shard)) }
    case 'processor':
      return {
        processor: ({ shardId }) => ({
          initialize: (input) => options.onInitialize(shardId, input),
          processRecords: async ({ records, shard }) => {
            const isStored = await handle(records, shard)
            // A checkpoint that fails is the table's trouble; the next batch brings another.
            if (isStored && records.length > 0) await shard.checkpoint().catch(() => undefined)
          },
          shardEnded: async (shard) => {
            const { workerId, busy } = options
            const during = 'shard-end'
            const leaveUnstored = (): void => {}
            await options.onCall({ workerId, records: [], shard, during, leaveUnstored, busy })
          },
        }),
      }
  }
}

/** @returns whether a processor checkpoints them */
export async function handleRecords(
  options: HandlerOptions,
  records: readonly ConsumerRecord[],
  shard: ShardContext,
): Promise<boolean> {
  const { plan, workerId, ledger, deliveries, random } = options
  const { isInOrderByKey } = options
  const tenure = { shardId: shard.shardId, epoch: shard.epoch, workerId, isInOrderByKey }
  for (const record of records) deliveries.delivered(tenure, record)
  const last = records.at(-1)
  if (last !== undefined) options.onBegun(shard.shardId, last.sequenceNumber)
  const settled = deliveries.began(tenure, shard.signal)
  let isStored = true
  const leaveUnstored = (): void => {
    isStored = false
  }
  try {
    const during = 'records'
    await options.onCall({ workerId, records, shard, during, leaveUnstored, busy: options.busy })
  } catch (cause) {
    settled()
    options.onThrow()
    const [failed] = records
    if (failed !== undefined && plan.onHandlerError !== 'skip') deliveries.failed(tenure, failed)
    throw cause
  }
  const [isStuck, fails] = [random.next() < plan.handlerStuck, random.next() < plan.handlerFailure]
  const isHealed = options.isHealed()
  if (isStuck && !isHealed) {
    options.onStuck(workerId)
    await new Promise<never>(() => {})
  }
  if (plan.handlerMaxMs > 0) await sleep(random.next() * plan.handlerMaxMs)
  const mischief = isHealed ? undefined : options.mischief.draw()
  await options.mischief.during(mischief, shard)
  settled()
  const [first] = records
  if (first !== undefined && fails && !isHealed) {
    // What is skipped is not called again, and the next call follows it.
    if (plan.onHandlerError !== 'skip') deliveries.failed(tenure, first)
    options.onThrow()
    throw new Error('the handler failed (simulated)')
  }
  for (const record of records) ledger.done(shard.shardId, record)
  await options.mischief.after(mischief, shard)
  return isStored
}
