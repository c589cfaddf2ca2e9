/** The parent's end of the clients under test: reads so many records, says what CPU time they took. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KclDriver } from '../../integration/harness/kcl-driver.ts'
import { onOneProcessor } from '../../integration/harness/processor-pinning.ts'
import { BenchChild } from '../child.ts'
import { CLIENT_CPU, CREDENTIALS, clientEnvironment, REGION } from '../environment.ts'
import { ProcessTree } from '../process-cpu-time.ts'
import {
  type ClientSettings,
  KCL_STREAM,
  type NodeClientName,
  type RunCommand,
  type RunReport,
  type StubSettings,
} from './messages.ts'
import type { Stub } from './stub.ts'

export interface Client {
  /** Its own. */
  readonly stream: string
  /** What it does from here on is counted. */
  begin(): Promise<void>
  run(records: number): Promise<RunReport>
  stop(): void | Promise<void>
}

/** Of the Node clients. */
export const CLIENT_SOURCE: string = join(import.meta.dirname, 'client-process.ts')

export class NodeClient implements Client {
  readonly stream: string
  readonly #child: BenchChild<RunCommand, RunReport>

  /** @param program what is built of `CLIENT_SOURCE` */
  constructor(program: string, client: NodeClientName, stub: Stub, load: StubSettings) {
    this.stream = client.replace(/[^A-Za-z]+/g, '-')
    const { kinesisUrl, dynamodbUrl } = stub
    const { stream } = this
    const settings: ClientSettings = { ...load, client, stream, kinesisUrl, dynamodbUrl }
    this.#child = new BenchChild(program, {
      cpu: CLIENT_CPU,
      argument: JSON.stringify(settings),
      environment: clientEnvironment(stub.certificateFile),
    })
  }

  async begin(): Promise<void> {
    await this.soFar()
  }

  /** Since the last time, and counts anew. */
  soFar(): Promise<RunReport> {
    return this.#child.ask({ records: 0 })
  }

  run(records: number): Promise<RunReport> {
    return this.#child.ask({ records })
  }

  stop(): void {
    this.#child.stop()
  }
}

/** Java KCL, polling: all of its JVM. */
export class KclClient implements Client {
  readonly stream = KCL_STREAM
  readonly #driver: KclDriver
  readonly #processes: ProcessTree
  #beforeUs = 0

  constructor(stub: Stub) {
    const { kinesisUrl, dynamodbUrl } = stub
    this.#driver = new KclDriver({
      stream: this.stream,
      region: REGION,
      kinesisUrl,
      dynamodbUrl,
      credentials: CREDENTIALS,
      prefix: onOneProcessor(CLIENT_CPU),
    })
    this.#processes = new ProcessTree(this.#driver.pid)
  }

  async begin(): Promise<void> {
    await this.#driver.ask('begin')
    this.#beforeUs = this.#processes.cpuUs()
  }

  /** Since its start: the JIT compiler works on for a while. */
  get cpuUs(): number {
    return this.#processes.cpuUs()
  }

  async run(records: number): Promise<RunReport> {
    const [, received, dataBytes] = (await this.#driver.ask(`read ${records}`)).split(' ')
    const cpuUs = this.#processes.cpuUs() - this.#beforeUs
    return {
      received: Number(received),
      dataBytes: Number(dataBytes),
      cpuUs,
      peakRssBytes: peakRssBytes(this.#driver.pid),
    }
  }

  async stop(): Promise<void> {
    await this.#driver.stop()
  }
}

function peakRssBytes(pid: number): number {
  const kib = /^VmHWM:\s+([0-9]+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) * 1024
}
