/**
 * Client CPU of one user record, from the call to the acknowledgement, over TLS: ours, what one
 * writes with the SDK, and the Java KPL. A run whose records the stub did not count one by one fails.
 */
import { existsSync } from 'node:fs'
import { kplProject } from '../integration/harness/kpl-driver.ts'
import { AbsentError } from '../integration/interop/exit-codes.ts'
import type { Floor } from './benchmark.ts'
import { builtProgram } from './built-program.ts'
import { CLIENT_SOURCE, type Client, KplClient, NodeClient } from './producer/clients.ts'
import type { NodeClientName } from './producer/messages.ts'
import { Stub } from './producer/stub.ts'
import {
  type BenchmarkResult,
  measureRounds,
  type NotMeasured,
  type SampledCase,
} from './rounds.ts'

const KPL = 'Java KPL 1.0.7'
const WARM_UP_ROUNDS = 2
const ROUNDS = 7
const ATTEMPTS = 2
/** Whole processes, sockets and another's load are in it: it is wider than that of a loop. */
const CONTROL_TOLERANCE = 0.1

interface Load {
  readonly dataBytes: number
  /** A round of each; ours are more because they take less. */
  readonly records: Readonly<Record<NodeClientName | typeof KPL, number>>
  /** `performance.md` 3.6b, peer / ours. */
  readonly atLeast: {
    readonly asShipped: { readonly put: number; readonly tryPut: number }
    readonly keepAlive: { readonly put: number; readonly tryPut: number }
    readonly kpl: number
  }
}

const LOADS: readonly Load[] = [
  {
    dataBytes: 100,
    records: {
      put: 400_000,
      tryPut: 400_000,
      'bare put': 400_000,
      'bare tryPut': 400_000,
      'sdk as shipped': 150_000,
      'sdk keep-alive': 150_000,
      [KPL]: 150_000,
    },
    atLeast: { asShipped: { put: 6, tryPut: 7 }, keepAlive: { put: 3, tryPut: 4 }, kpl: 15 },
  },
  {
    dataBytes: 1024,
    records: {
      put: 150_000,
      tryPut: 150_000,
      'bare put': 150_000,
      'bare tryPut': 150_000,
      'sdk as shipped': 75_000,
      'sdk keep-alive': 75_000,
      [KPL]: 60_000,
    },
    atLeast: { asShipped: { put: 3, tryPut: 3 }, keepAlive: { put: 2, tryPut: 2 }, kpl: 6 },
  },
]
const NODE_CLIENTS: readonly NodeClientName[] = [
  'put',
  'tryPut',
  'bare put',
  'bare tryPut',
  'sdk as shipped',
  'sdk keep-alive',
]

export async function* measureProducer(): AsyncGenerator<BenchmarkResult> {
  const absent = await whyNoKpl()
  const program = builtProgram(CLIENT_SOURCE)
  for (const load of LOADS) yield await measureLoad(load, absent, program)
}

/** Undefined if the KPL can be run and its CPU time be read. */
async function whyNoKpl(): Promise<string | undefined> {
  if (!existsSync('/proc/self/stat')) return 'CPU time of other processes is read from /proc'
  try {
    await kplProject.build()
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
  const { dataBytes } = load
  const stub = await Stub.start()
  const clients = new Map<string, Client>(
    NODE_CLIENTS.map((name) => [name, new NodeClient(program, name, stub, dataBytes)]),
  )
  if (absent === undefined) clients.set(KPL, new KplClient(stub, dataBytes))
  try {
    const rounds = {
      name: `producer, ${dataBytes} B`,
      control: 'sdk keep-alive',
      cases: [...clients].map(
        ([name, client]): SampledCase => ({
          name,
          sample: () => sampleNs(name, client, stub, load),
        }),
      ),
      floors: floorsOf(load).filter(({ peer }) => clients.has(peer)),
      warmUpRounds: WARM_UP_ROUNDS,
      rounds: ROUNDS,
      controlTolerance: CONTROL_TOLERANCE,
    }
    const notMeasured: NotMeasured[] = absent === undefined ? [] : [{ name: KPL, why: absent }]
    for (let attempt = 1; ; attempt++) {
      const result = await measureRounds(rounds, attempt)
      if (result.conclusive || attempt === ATTEMPTS) return { ...result, notMeasured }
    }
  } finally {
    for (const client of clients.values()) await client.stop()
    stub.stop()
  }
}

async function sampleNs(name: string, client: Client, stub: Stub, load: Load): Promise<number> {
  const { dataBytes } = load
  const records = load.records[name as NodeClientName]
  const { acknowledged, cpuUs } = await client.run(records)
  const count = await stub.takeCount()
  const isWhole =
    acknowledged === records &&
    count.userRecords === records &&
    count.dataBytes === records * dataBytes
  if (!isWhole || count.fault !== undefined) {
    throw new Error(
      `producer: ${name} put ${records} records of ${dataBytes} B, ${acknowledged} were acknowledged; the stub: ${JSON.stringify(count)}`,
    )
  }
  return (cpuUs * 1000) / records
}

function floorsOf({ atLeast }: Load): readonly Floor[] {
  const { asShipped, keepAlive, kpl } = atLeast
  const shipped = 'sdk as shipped'
  const kept = 'sdk keep-alive'
  return [
    { name: 'put, SDK as shipped', ours: 'put', peer: shipped, atLeast: asShipped.put },
    { name: 'tryPut, SDK as shipped', ours: 'tryPut', peer: shipped, atLeast: asShipped.tryPut },
    { name: 'put, SDK keep-alive', ours: 'put', peer: kept, atLeast: keepAlive.put },
    { name: 'tryPut, SDK keep-alive', ours: 'tryPut', peer: kept, atLeast: keepAlive.tryPut },
    { name: `put, ${KPL}`, ours: 'put', peer: KPL, atLeast: kpl },
  ]
}
