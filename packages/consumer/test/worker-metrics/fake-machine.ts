/** A machine for tests: files that a test writes, answers that a test gives. */
import type { Machine } from '../../src/worker-metrics/machine.ts'

export const POD_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** A container with a quota of one CPU that has used so much. */
export function podFiles(usedMs: number): Record<string, string> {
  return {
    '/sys/fs/cgroup/cpu.stat': `usage_usec ${Math.round(usedMs * 1000)}\nuser_usec 0\n`,
    '/sys/fs/cgroup/cpu.max': '100000 100000\n',
  }
}

export const POD_FILES: Readonly<Record<string, string>> = { [POD_TOKEN]: 'secret', ...podFiles(0) }

export class FakeMachine implements Machine {
  readonly platform = 'linux'
  readonly files: Record<string, string>
  readonly environment: Readonly<Record<string, string>>
  /** Paths read, in order. */
  readonly asked: string[] = []
  readonly requests: string[] = []
  /** To each request; undefined: none comes. */
  answer: string | undefined
  /** Requests that were given up. */
  cut = 0
  usedMs = 0

  constructor(files: Record<string, string>, environment: Readonly<Record<string, string>> = {}) {
    this.files = files
    this.environment = environment
  }

  get reads(): number {
    return this.asked.length
  }

  exists(path: string): boolean {
    return this.files[path] !== undefined
  }

  readFile(path: string): string {
    this.asked.push(path)
    const text = this.files[path]
    if (text === undefined) throw new Error(`no ${path}`)
    return text
  }

  fetchText(url: string, signal: AbortSignal): Promise<string> {
    this.requests.push(url)
    const { answer } = this
    if (answer !== undefined) return Promise.resolve(answer)
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        this.cut++
        reject(new Error('cut'))
      })
    })
  }
}
