/** The parent's end of the stub: its address, and what it has counted. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BenchChild } from './child.ts'
import { SERVER_CPU, type StubCount, type StubListening } from './messages.ts'

export class Stub {
  readonly #child: BenchChild<object, StubCount>
  readonly #folder: string
  readonly port: number
  /** A file with the certificate, for clients that are to trust it. */
  readonly certificateFile: string

  static async start(): Promise<Stub> {
    const child = new BenchChild<object, StubCount>('stub-process.ts', { cpu: SERVER_CPU })
    return new Stub(child, (await child.told()) as StubListening)
  }

  private constructor(child: BenchChild<object, StubCount>, { port, cert }: StubListening) {
    this.#child = child
    this.port = port
    this.#folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
    this.certificateFile = join(this.#folder, 'cert.pem')
    writeFileSync(this.certificateFile, cert)
  }

  get url(): string {
    return `https://localhost:${this.port}`
  }

  /** What came in since the last call. */
  takeCount(): Promise<StubCount> {
    return this.#child.ask({})
  }

  stop(): void {
    this.#child.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
