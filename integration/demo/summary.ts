/** The account in words that need no Kinesis. Pure. */
import { type Account, holds } from './account.ts'
import { number, seconds } from './words.ts'

/** What happened besides, for the summary. */
export interface RunStory {
  /** Shards the killed worker held, as a list; empty without a kill. */
  readonly killedShards: string
  readonly killedPid: number | undefined
  /** `shard 1 into 4 and 5` */
  readonly split: string | undefined
  readonly merge: string | undefined
}

export function summaryOf(account: Account, story: RunStory): string {
  const rows: readonly (readonly [string, string])[] = [
    ['put', `${number(account.acked)} records, which the stream confirmed`],
    ['delivered', `${number(account.unique)} of them to a handler`],
    ['missing', plain(account.missing, 'nothing was lost')],
    ['corrupt', plain(account.corrupt, 'every byte and every key is as it was put')],
    ['duplicated', duplicates(account.duplicates)],
    [
      'order',
      plain(account.childBeforeParent, 'no shard began before those it came from were done'),
    ],
    ['checkpoints', plain(account.checkpointRegressions, 'none went backwards')],
    ['first', first(account)],
    ['leader', leaders(account)],
    ['handed over', handoffs(account)],
    ['waited', waited(account)],
    ['killed', killed(account, story)],
    ['split', story.split ?? 'none'],
    ['merged', story.merge ?? 'none'],
    ['aggregation', `${account.userRecordsPerKinesisRecord} of your records in one Kinesis record`],
  ]
  const verdict = holds(account)
    ? 'HELD: every record that was put has been delivered, unharmed and in order.'
    : 'VIOLATED: see the lines above that are not zero.'
  const lines = rows.map(([name, value]) => `  ${name.padEnd(12)} ${value}`)
  return ['', ...lines, '', verdict, ''].join('\n')
}

function first({ firstRecordMs: ms }: Account): string {
  return ms === null
    ? 'no record came'
    : `record ${seconds(ms)} after the first worker of this new application was started`
}

function leaders({ leaders: pids }: Account): string {
  if (pids.length === 0) return 'nobody was seen to lead'
  return pids.map((pid) => `worker ${pid}`).join(', then ')
}

function handoffs({ handoffs: count }: Account): string {
  if (count === 0) return 'no lease had to move between live workers'
  const leases = count === 1 ? '1 lease' : `${count} leases`
  return `${leases}, by owners that finished their work first: no record twice for it`
}

function waited({ waited: count }: Account): string {
  if (count === 0) return 'no shard was seen to wait'
  return `${count} ${count === 1 ? 'shard' : 'shards'}, until the shards before them were done`
}

function plain(count: number, whenNone: string): string {
  return count === 0 ? `0: ${whenNone}` : number(count)
}

function duplicates(count: number): string {
  if (count === 0) return '0: every record came once'
  return `${number(count)}: delivered once more (at least once: make handlers idempotent)`
}

function killed(account: Account, story: RunStory): string {
  if (story.killedPid === undefined) return 'none'
  const taken =
    account.takeoverMs === null
      ? 'nothing was delivered from its shards afterwards'
      : `others went on with the last of them after ${seconds(account.takeoverMs)}`
  return `worker ${story.killedPid} with SIGKILL, while it held shards ${story.killedShards}; ${taken}`
}
