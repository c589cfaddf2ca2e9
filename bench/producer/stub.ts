/** The parent's end of the stub: its address, and what it has counted. */
import { join } from 'node:path'
import { CertificateFile } from '../certificate-file.ts'
import { BenchChild } from '../child.ts'
import { SERVER_CPU } from '../environment.ts'
import type { StubCount, StubListening } from './messages.ts'

const PROGRAM = join(import.meta.dirname, 'stub-process.ts')

export class Stub {
  readonly #child: BenchChild<object, StubCount>
  readonly #certificate: CertificateFile
  readonly port: number

  static async start(): Promise<Stub> {
    const child = new BenchChild<object, StubCount>(PROGRAM, { cpu: SERVER_CPU })
    return new Stub(child, (await child.told()) as StubListening)
  }

  private constructor(child: BenchChild<object, StubCount>, { port, cert }: StubListening) {
    this.#child = child
    this.port = port
    this.#certificate = new CertificateFile(cert)
  }

  get certificateFile(): string {
    return this.#certificate.path
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
    this.#certificate.remove()
  }
}
