/** Progress in words. Pure. */
import type { WorkerView } from './fleet-view.ts'

export interface ProgressView {
  readonly elapsedMs: number
  readonly records: number
  readonly acked: number
  readonly delivered: number
  readonly putsPerSecond: number
  readonly deliveriesPerSecond: number
  /** Wait of the oldest undelivered record. */
  readonly lagMs: number
  readonly workers: readonly WorkerView[]
}

const BAR_WIDTH = 24

/** One line, for logs. */
export function progressLine(view: ProgressView): string {
  const workers = view.workers.map(({ pid, alive, held }) =>
    alive ? `${pid} holds ${shardList(held)}` : `${pid} is dead`,
  )
  return [
    `${seconds(view.elapsedMs)}  put ${number(view.acked)} of ${number(view.records)} (${number(view.putsPerSecond)}/s)`,
    `delivered ${number(view.delivered)} (${number(view.deliveriesPerSecond)}/s)`,
    `lag ${seconds(view.lagMs)}`,
    ...workers,
  ].join(' | ')
}

/** A few lines, for a terminal. */
export function progressBlock(view: ProgressView): readonly string[] {
  const { records, acked, delivered } = view
  return [
    '',
    `${seconds(view.elapsedMs)}  lag ${seconds(view.lagMs)}`,
    `  put        ${bar(acked, records)} ${number(acked)}  ${number(view.putsPerSecond)}/s`,
    `  delivered  ${bar(delivered, records)} ${number(delivered)}  ${number(view.deliveriesPerSecond)}/s`,
    ...view.workers.map(
      ({ pid, alive, held, delivered: records }) =>
        `  worker ${pid}  ${alive ? `shards ${shardList(held)}` : 'killed'}  (${number(records)} records)`,
    ),
  ]
}

/** `shardId-000000000007` -> `7`. */
export function shortShardId(shardId: string): string {
  const digits = /^shardId-0*([0-9]+)$/.exec(shardId)?.[1]
  return digits ?? shardId
}

export function shardList(shardIds: Iterable<string>): string {
  const short = [...shardIds].map(shortShardId)
  if (short.length === 0) return 'none'
  return short.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).join(',')
}

export function number(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function bar(done: number, all: number): string {
  const filled = Math.min(BAR_WIDTH, Math.floor((done / all) * BAR_WIDTH))
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`
}
