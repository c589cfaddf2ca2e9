/**
 * Client CPU of one user record, from the shard to the handler, over TLS: ours, what one writes with
 * the SDK, and Java KCL. A run that loses a record, or gives one twice, fails.
 */
import { existsSync } from 'node:fs'
import { sleep } from '@millrace/core/internal'
import { kclProject } from '../integration/harness/kcl-driver.ts'
import { AbsentError } from '../integration/interop/exit-codes.ts'
import type { Floor } from './benchmark.ts'
import { builtProgram } from './built-program.ts'
import { CLIENT_SOURCE, type Client, KclClient, NodeClient } from './consumer/clients.ts'
import type { NodeClientName, StubSettings } from './consumer/messages.ts'
import { ready } from './consumer/readiness.ts'
import { Stub } from './consumer/stub.ts'
import {
  type BenchmarkResult,
  measureRounds,
  type NotMeasured,
  type Sample,
  type SampledCase,
} from './rounds.ts'

const KCL = 'Java KCL 3.5.1'
const NODE_CLIENTS: readonly NodeClientName[] = [
  'thin path',
  'SDK adapter',
  'sdk as shipped',
  'sdk keep-alive',
]
/** They get their leases by themselves. */
const CONSUMERS: readonly string[] = ['thin path', 'SDK adapter', KCL]
const PAGES_A_ROUND = 1
const WARM_UP_ROUNDS = 2
const ROUNDS = 7
const ATTEMPTS = 2
/** Whole processes, sockets and another's load are in it: it is wider than that of a loop. */
const CONTROL_TOLERANCE = 0.1
/** After that its compiler has done what it does. */
const KCL_WARM_UP_US = 25_000_000
const RUN_LIMIT_MS = 120_000

interface Load extends StubSettings {
  /** `performance.md` 3.6b, peer / ours. */
  readonly atLeast: {
    readonly adapter: number
    readonly thinPath: number
    readonly kcl: number
  }
}

const LOADS: readonly Load[] = [
  {
    content: 'aggregated',
    dataBytes: 100,
    atLeast: { adapter: 1.2, thinPath: 2.5, kcl: 3 },
  },
  { content: 'plain', dataBytes: 1024, atLeast: { adapter: 0.9, thinPath: 2, kcl: 1.3 } },
]

export async function* measureConsumer(): AsyncGenerator<BenchmarkResult> {
  const absent = await whyNoKcl()
  const program = builtProgram(CLIENT_SOURCE)
  for (const load of LOADS) yield await measureLoad(load, absent, program)
}

/** Undefined if KCL can be run and its CPU time be read. */
async function whyNoKcl(): Promise<string | undefined> {
  if (!existsSync('/proc/self/stat')) return 'CPU time of other processes is read from /proc'
  try {
    await kclProject.build()
    return undefined
  } catch (error) {
    if (!(error instanceof AbsentError)) throw error
    return error.message
  }
}

async function measureLoad(
  load: Load,
  absent: string | undefined,
  program: string,
): Promise<BenchmarkResult> {
  const stub = await Stub.start({ content: load.content, dataBytes: load.dataBytes })
  const kcl = absent === undefined ? new KclClient(stub) : undefined
  const clients = new Map<string, Client>(
    NODE_CLIENTS.map((name) => [name, new NodeClient(program, name, stub, load)]),
  )
  if (kcl !== undefined) clients.set(KCL, kcl)
  try {
    for (const name of CONSUMERS) {
      const client = clients.get(name)
      if (client !== undefined) await ready(name, client, stub)
    }
    while (kcl !== undefined && kcl.cpuUs < KCL_WARM_UP_US) await sample(KCL, kcl, stub, load)
    const rounds = {
      name: `consumer, ${load.content} ${load.dataBytes} B`,
      control: 'sdk keep-alive',
      cases: [...clients].map(
        ([name, client]): SampledCase => ({
          name,
          operationBytes: load.dataBytes,
          sample: () => sample(name, client, stub, load),
        }),
      ),
      floors: floorsOf(load).filter(({ peer }) => clients.has(peer)),
      warmUpRounds: WARM_UP_ROUNDS,
      rounds: ROUNDS,
      controlTolerance: CONTROL_TOLERANCE,
    }
    const notMeasured: NotMeasured[] = absent === undefined ? [] : [{ name: KCL, why: absent }]
    for (let attempt = 1; ; attempt++) {
      const result = await measureRounds(rounds, attempt)
      if (result.conclusive || attempt === ATTEMPTS) return { ...result, notMeasured }
    }
  } finally {
    for (const client of clients.values()) await client.stop()
    stub.stop()
  }
}

async function sample(name: string, client: Client, stub: Stub, load: Load): Promise<Sample> {
  await client.begin()
  const added = await stub.add(client.stream, PAGES_A_ROUND)
  const limit = new AbortController()
  const report = await Promise.race([
    client.run(added.userRecords),
    sleep(RUN_LIMIT_MS, limit.signal),
  ])
  limit.abort()
  if (report?.received !== added.userRecords || report.dataBytes !== added.dataBytes) {
    throw new Error(
      `consumer: ${name} was to read ${added.userRecords} records of ${load.dataBytes} B within ${RUN_LIMIT_MS} ms, and read ${JSON.stringify(report)}`,
    )
  }
  return { ns: (report.cpuUs * 1000) / report.received, peakRssBytes: report.peakRssBytes }
}

function floorsOf({ atLeast }: Load): readonly Floor[] {
  const peer = 'sdk keep-alive'
  return [
    { name: 'SDK adapter, SDK keep-alive', ours: 'SDK adapter', peer, atLeast: atLeast.adapter },
    { name: 'thin path, SDK keep-alive', ours: 'thin path', peer, atLeast: atLeast.thinPath },
    { name: `thin path, ${KCL}`, ours: 'thin path', peer: KCL, atLeast: atLeast.kcl },
  ]
}
