/** A stub's certificate as a file, for processes that are to trust it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class CertificateFile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  readonly path: string

  constructor(certificate: string) {
    this.path = join(this.#folder, 'cert.pem')
    writeFileSync(this.path, certificate)
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
