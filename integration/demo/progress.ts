/** Progress in words. Pure. */
import type { WorkerView } from './fleet-view.ts'
import { number, seconds, shardList } from './words.ts'

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
  readonly leaderPid: number | undefined
}

const BAR_WIDTH = 24

/** One line, for logs. */
export function progressLine(view: ProgressView): string {
  const workers = view.workers.map(({ pid, alive, held }) => {
    const leads = pid === view.leaderPid ? ' leads,' : ''
    return alive ? `${pid}${leads} holds ${shardList(held)}` : `${pid} is dead`
  })
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
        `  worker ${pid}  ${alive ? `shards ${shardList(held)}` : 'killed'}  (${number(records)} records)${pid === view.leaderPid ? '  leads' : ''}`,
    ),
  ]
}

function bar(done: number, all: number): string {
  const filled = Math.min(BAR_WIDTH, Math.floor((done / all) * BAR_WIDTH))
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`
}
