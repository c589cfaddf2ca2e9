/** The parent's end of the clients under test: puts so many records, says what CPU time they took. */
import { join } from 'node:path'
import { KplDriver } from '../../integration/harness/kpl-driver.ts'
import { onOneProcessor } from '../../integration/harness/processor-pinning.ts'
import { BenchChild } from '../child.ts'
import { CLIENT_CPU, CREDENTIALS, clientEnvironment, REGION } from '../environment.ts'
import { ProcessTree } from '../process-cpu-time.ts'
import {
  type ClientSettings,
  type NodeClientName,
  type RunCommand,
  type RunReport,
  STREAM,
} from './messages.ts'
import type { Stub } from './stub.ts'

/** Of the Node clients. */
export const CLIENT_SOURCE: string = join(import.meta.dirname, 'client-process.ts')

export interface Client {
  run(records: number): Promise<RunReport>
  stop(): void | Promise<void>
}

export class NodeClient implements Client {
  readonly #child: BenchChild<RunCommand, RunReport>

  /** @param program what is built of `CLIENT_SOURCE` */
  constructor(program: string, client: NodeClientName, stub: Stub, dataBytes: number) {
    const settings: ClientSettings = { client, url: stub.url, dataBytes }
    this.#child = new BenchChild(program, {
      cpu: CLIENT_CPU,
      argument: JSON.stringify(settings),
      flags: ['--expose-gc'],
      environment: clientEnvironment(stub.certificateFile),
    })
  }

  run(records: number): Promise<RunReport> {
    return this.#child.ask({ records })
  }

  stop(): void {
    this.#child.stop()
  }
}

/** The Java KPL: its JVM and its native child together. */
export class KplClient implements Client {
  readonly #driver: KplDriver
  readonly #processes: ProcessTree

  constructor(stub: Stub, dataBytes: number) {
    this.#driver = new KplDriver({
      main: 'Load',
      stream: STREAM,
      region: REGION,
      port: stub.port,
      credentials: CREDENTIALS,
      dataBytes,
      prefix: onOneProcessor(CLIENT_CPU),
    })
    this.#processes = new ProcessTree(this.#driver.pid)
  }

  async run(records: number): Promise<RunReport> {
    await this.#driver.ask(`prepare ${records}`)
    const beforeUs = this.#processes.cpuUs()
    const [, stored, failed] = (await this.#driver.ask('go')).split(' ')
    const cpuUs = this.#processes.cpuUs() - beforeUs
    if (failed !== '0') throw new Error(`the KPL failed ${failed} records`)
    return { acknowledged: Number(stored), cpuUs }
  }

  async stop(): Promise<void> {
    await this.#driver.stop()
  }
}
