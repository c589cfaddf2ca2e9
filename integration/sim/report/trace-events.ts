/** Lines of a trace, read back as what happened to the fleet. Pure. */

/** One moment of a history that a person wants to see. */
export interface TraceEvent {
  readonly atMs: number
  /** The process that it happened to; undefined: to all, or to none. */
  readonly who: string | undefined
  readonly text: string
  readonly isViolation: boolean
}

/** Calls, their replies and their faults are left to the raw trace: they are thousands. */
const LINE =
  /^(\d+\.\d+) (\S+) (spawn|kill|exit|pause|block|busy|disconnect|step-clock|heal|note|violation)(?: (.*))?$/s

/** @returns events in order; undefined lines are of no concern here */
export function traceEvents(lines: Iterable<string>): readonly TraceEvent[] {
  const events: TraceEvent[] = []
  const endMs = new Map<string, number>()
  const wakes: TraceEvent[] = []
  for (const line of lines) {
    const found = LINE.exec(line)
    if (found === null) continue
    const [, at = '', name = '', kind = '', detail = ''] = found
    const atMs = Number(at)
    const who = name === '-' ? undefined : name
    events.push(read(atMs, who, kind, detail))
    if (kind === 'kill' || kind === 'exit') endMs.set(name, atMs)
    if (kind === 'pause') wakes.push({ atMs: atMs + Number(detail), who, ...said('wakes') })
  }
  const lived = wakes.filter(({ who, atMs }) => !((endMs.get(who ?? '') ?? atMs) < atMs))
  return [...events, ...lived].sort((a, b) => a.atMs - b.atMs)
}

/** Keeps the lines of a trace that `traceEvents` reads, so that the others need no memory. */
export function isTold(line: string): boolean {
  return LINE.test(line)
}

function said(text: string): Pick<TraceEvent, 'text' | 'isViolation'> {
  return { text, isViolation: false }
}

function read(atMs: number, who: string | undefined, kind: string, detail: string): TraceEvent {
  switch (kind) {
    case 'violation':
      return { atMs, who: undefined, text: detail, isViolation: true }
    case 'note':
      return { atMs, ...noteOf(who, detail) }
    case 'heal':
      return { atMs, who, ...said('all faults end') }
    case 'pause':
    case 'block':
    case 'busy':
    case 'step-clock':
      return { atMs, who, ...said(`${kind} ${rounded(detail)} ms`) }
    default:
      return { atMs, who, ...said(detail === '' ? kind : `${kind} ${rounded(detail)}`) }
  }
}

type Fields = Readonly<Record<string, unknown>>

/** Notes are told in the column of the process that acted. */
function noteOf(who: string | undefined, detail: string): Omit<TraceEvent, 'atMs'> {
  const space = detail.indexOf(' ')
  const kind = space < 0 ? detail : detail.slice(0, space)
  const fields = fieldsOf(space < 0 ? '' : detail.slice(space + 1))
  const acting = fields['by'] ?? fields['of']
  return {
    who: typeof acting === 'string' ? acting : who,
    ...said(noteText(kind, fields)),
  }
}

function noteText(kind: string, fields: Fields): string {
  const { shardId, from, to, epoch, reason } = fields as Readonly<Record<string, string>>
  const shard = shortShard(shardId)
  const way = `${from ?? 'nobody'} -> ${to ?? 'nobody'}`
  switch (kind) {
    case 'lease-acquired':
      return `got ${shard}, epoch ${epoch}`
    case 'lease-lost':
      return `lost ${shard}: ${reason}`
    case 'assigned':
      return `assigns ${shard}: ${way}`
    case 'released':
      return `lets go of ${shard}: ${way}`
    case 'handoff-begun':
    case 'handoff-completed':
    case 'handoff-freed':
    case 'handoff-forced':
      return `${kind} ${shard}: ${way}`
    case 'leader':
    case 'no-leader':
      return `leader: ${way}`
    default:
      return [kind, ...(shardId === undefined ? [] : [shard]), ...rest(fields)].join(' ')
  }
}

const TOLD = new Set(['kind', 'shardId', 'by', 'of'])

function rest(fields: Fields): string[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    TOLD.has(name) ? [] : [`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`],
  )
}

function fieldsOf(json: string): Fields {
  try {
    const fields: unknown = JSON.parse(json)
    return typeof fields === 'object' && fields !== null ? (fields as Fields) : {}
  } catch {
    return {}
  }
}

/** `shardId-000000000012` -> `s12` */
function shortShard(shardId: string | undefined): string {
  return shardId?.replace(/^shardId-0*(?=\d)/, 's') ?? '?'
}

function rounded(text: string): string {
  return text.replace(/\d+\.\d+/g, (number) => Number(number).toFixed(0))
}
