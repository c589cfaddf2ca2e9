/** The parent's end of the stub: its addresses, and what it serves. */
import { join } from 'node:path'
import { CertificateFile } from '../certificate-file.ts'
import { BenchChild } from '../child.ts'
import { SERVER_CPU } from '../environment.ts'
import type { StreamState, StubCommand, StubListening, StubSettings } from './messages.ts'

const PROGRAM = join(import.meta.dirname, 'stub-process.ts')

export class Stub {
  readonly #child: BenchChild<StubCommand, StreamState>
  readonly #certificate: CertificateFile
  readonly port: number
  readonly dynamodbUrl: string

  static async start(settings: StubSettings): Promise<Stub> {
    const child = new BenchChild<StubCommand, StreamState>(PROGRAM, {
      cpu: SERVER_CPU,
      argument: JSON.stringify(settings),
    })
    return new Stub(child, (await child.told()) as StubListening)
  }

  private constructor(child: BenchChild<StubCommand, StreamState>, listening: StubListening) {
    this.#child = child
    this.port = listening.port
    this.dynamodbUrl = listening.dynamodbUrl
    this.#certificate = new CertificateFile(listening.cert)
  }

  get kinesisUrl(): string {
    return `https://localhost:${this.port}`
  }
  get certificateFile(): string {
    return this.#certificate.path
  }

  /** So many pages more in each shard. @throws Error when a request was wrong */
  async add(stream: string, pages: number): Promise<StreamState> {
    const state = await this.#child.ask({ stream, pages })
    if (state.fault !== undefined) throw new Error(`consumer: the stub refused: ${state.fault}`)
    return state
  }

  stop(): void {
    this.#child.stop()
    this.#certificate.remove()
  }
}
