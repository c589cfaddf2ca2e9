import type { Trace } from './trace.ts'

/** A rule that did not hold, and when. @public */
export interface Violation {
  /** Id of the rule: `S3`, `CRASH`, `DEADLOCK`... */
  readonly rule: string
  readonly message: string
  /** Virtual milliseconds since the start. */
  readonly atMs: number
  readonly fields: Readonly<Record<string, unknown>>
}

/** Who acts in code outside every process. */
const OUTSIDE = '-'

/** Collects what a run leaves behind: trace, violations, counts. */
export class Recorder {
  readonly trace: Trace
  readonly violations: Violation[] = []
  readonly #counts = new Map<string, number>()
  readonly #elapsedMs: () => number
  /** The instant of the last line, and how it is written. */
  #atMs = -1
  #at = ''

  constructor(trace: Trace, elapsedMs: () => number) {
    this.trace = trace
    this.#elapsedMs = elapsedMs
  }

  /** One line of the trace. */
  line(who: string | undefined, kind: string, detail: string, payload?: unknown): void {
    const atMs = this.#elapsedMs()
    if (atMs !== this.#atMs) {
      this.#atMs = atMs
      this.#at = atMs.toFixed(3)
    }
    const line = `${this.#at} ${who ?? OUTSIDE} ${kind}`
    this.trace.add(detail === '' ? line : `${line} ${detail}`, payload)
  }

  violation(rule: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.violations.push({ rule, message, atMs: this.#elapsedMs(), fields })
    this.line(undefined, 'violation', `${rule} ${message}`)
  }

  count(name: string, by: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by)
  }

  counted(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** By name, in alphabetical order. */
  counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}
