/** A Java process with the real KPL in it (../java-kpl), spoken to line by line. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { JavaProject } from './java-project.ts'

export const kplProject: JavaProject = new JavaProject(resolve(import.meta.dirname, '../java-kpl'))

export interface KplDriverSettings {
  readonly main: 'Load' | 'Vectors'
  readonly stream: string
  readonly region: string
  /** Of a TLS endpoint on this machine. */
  readonly port: number
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly dataBytes?: number
  /** Put before the command line. */
  readonly prefix?: readonly string[]
}

/** Its last lines are kept for the case that something goes wrong. */
const KEPT_CHARACTERS = 4000

export class KplDriver {
  /** The native child is unpacked there. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-kpl-'))
  readonly #process: ChildProcess
  readonly #lines: Interface
  #errors = ''

  constructor(settings: KplDriverSettings) {
    const { main, stream, region, port, credentials, dataBytes = 0, prefix = [] } = settings
    const classPath = kplProject.classPath
    const java = ['java', '-Xmx1g', '-cp', classPath, `millrace.kpl.${main}`]
    const [command = '', ...args] = [...prefix, ...java]
    this.#process = spawn(command, args, {
      env: {
        ...process.env,
        AWS_EC2_METADATA_DISABLED: 'true',
        KPL_STREAM: stream,
        KPL_REGION: region,
        KPL_PORT: String(port),
        KPL_ACCESS_KEY: credentials.accessKeyId,
        KPL_SECRET_KEY: credentials.secretAccessKey,
        KPL_DATA_BYTES: String(dataBytes),
        KPL_TEMP: this.#folder,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-KEPT_CHARACTERS)
    })
  }

  get pid(): number {
    return this.#process.pid ?? -1
  }

  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`)
  }

  /** Tells it something and gives its answer. Rejects when it ends instead. */
  ask(line: string): Promise<string> {
    const answer = new Promise<string>((resolve, reject) => {
      const onEnd = (code: number | null): void => {
        this.#lines.off('line', onLine)
        reject(new Error(`the KPL process ended with ${code}: ${this.#errors}`))
      }
      const onLine = (text: string): void => {
        this.#process.off('close', onEnd)
        resolve(text)
      }
      this.#lines.once('line', onLine)
      this.#process.once('close', onEnd)
    })
    this.tell(line)
    return answer
  }

  /** Its input ends, and it does. */
  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = new Promise((resolve) => this.#process.once('close', resolve))
      this.#process.stdin?.end()
      await ended
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
