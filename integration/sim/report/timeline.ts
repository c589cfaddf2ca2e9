/** A history as a person reads it: time down the side, a column for each process. Pure. */
import type { TraceEvent } from './trace-events.ts'

export interface TimelineOptions {
  /** Characters of a line, about; default 180. */
  readonly width?: number | undefined
  /** Most events shown; default 80. */
  readonly events?: number | undefined
}

const WIDTH = 180
const EVENTS = 80
/** Share of the events that come after the first violation. */
const AFTER = 0.15
const TIME_WIDTH = 12
const WIDEST_COLUMN = 34
const NARROWEST_COLUMN = 16

/** @param events in order of time */
export function timelineOf(
  events: readonly TraceEvent[],
  options: TimelineOptions = {},
): readonly string[] {
  const { width = WIDTH, events: most = EVENTS } = options
  const shown = around(events, most)
  const names = columnsOf(events, shown)
  const fair = Math.floor((width - TIME_WIDTH) / Math.max(1, names.length)) - 3
  const column = Math.max(NARROWEST_COLUMN, Math.min(WIDEST_COLUMN, fair))
  const row = (time: string, cells: readonly string[]): string =>
    [time.padStart(TIME_WIDTH), ...cells.map((text) => cut(text, column).padEnd(column))]
      .join(' | ')
      .trimEnd()
  const left = events.indexOf(shown[0] as TraceEvent)
  return [
    row('virtual ms', names),
    ...(left > 0 ? [row('...', [])] : []),
    ...shown.map((event) => {
      const time = event.atMs.toFixed(1)
      if (event.isViolation) return `${time.padStart(TIME_WIDTH)} >>> VIOLATION ${event.text}`
      // What happens to all stands across the columns.
      if (event.who === undefined)
        return `${time.padStart(TIME_WIDTH)} --- ${cut(event.text, width)}`
      return row(
        time,
        names.map((name) => (name === event.who ? event.text : '')),
      )
    }),
  ]
}

/** Those before and a few after the first violation; without one, the last. */
function around(events: readonly TraceEvent[], most: number): readonly TraceEvent[] {
  const at = events.findIndex(({ isViolation }) => isViolation)
  const after = at < 0 ? 0 : Math.floor(most * AFTER)
  const end = at < 0 ? events.length : Math.min(events.length, at + 1 + after)
  return events.slice(Math.max(0, end - most), end)
}

/** Processes to which something happens, in the order in which they first did anything. */
function columnsOf(events: readonly TraceEvent[], shown: readonly TraceEvent[]): readonly string[] {
  const seen = new Set(shown.map(({ who }) => who))
  const names = new Set<string>()
  for (const { who } of events) if (who !== undefined && seen.has(who)) names.add(who)
  return [...names]
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}
