/** Case kpl-vectors: the real KPL puts the records of recorded cases again; bytes are compared. */
import { sleep } from '@millrace/core/internal'
import { evenShards } from '../harness/even-shards.ts'
import { KplDriver, kplProject } from '../harness/kpl-driver.ts'
import { kplVectors, type Vector } from '../harness/kpl-vectors.ts'
import { onOneProcessor } from '../harness/processor-pinning.ts'
import { selfSignedCertificate } from '../harness/self-signed-certificate.ts'
import { startTlsKinesis } from '../harness/tls-kinesis/server.ts'
import type { CaseResult } from './exit-codes.ts'
import { InconclusiveError } from './exit-codes.ts'
import {
  compareVector,
  isInSample,
  judgeKplVectors,
  type SeenEntry,
  type VectorOutcome,
} from './kpl-vectors-verdict.ts'

const STREAM = 'vectors'
const REGION = 'us-east-1'
const CREDENTIALS = { accessKeyId: 'AKIDVECTORS', secretAccessKey: 'vectors' }
/** The order in which records reach the native child is not quite that in which they were put. */
const TRIES = 3
const LISTED_LIMIT_MS = 20_000
const LOOK_EVERY_MS = 20
/** From the answer to ListShards until the child goes by it. */
const MAP_SETTLES_MS = 150
/** As for the recording: nothing leaves because of a timer. */
const UNTIMED = { RecordMaxBufferedTime: 60_000, RecordTtl: 120_000 }

export async function runKplVectors(
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<CaseResult> {
  say('building the Java KPL driver')
  await kplProject.build()
  const certificate = selfSignedCertificate()
  const driver = new KplDriver({
    main: 'Vectors',
    stream: STREAM,
    region: REGION,
    port: 1,
    credentials: CREDENTIALS,
    prefix: onOneProcessor(),
  })
  const outcomes: VectorOutcome[] = []
  try {
    for (const vector of kplVectors().filter(isInSample)) {
      signal.throwIfAborted()
      let outcome: VectorOutcome
      let tries = 0
      do {
        outcome = compareVector(vector, await entriesOf(vector, driver, certificate), ++tries)
      } while (!outcome.held && tries < TRIES)
      outcomes.push(outcome)
      say(`${outcome.held ? 'same bytes' : 'OTHER BYTES'}: ${vector.name}`)
    }
  } finally {
    await driver.stop()
  }
  return judgeKplVectors(outcomes)
}

/** What a new KPL sends for the records of a case. */
async function entriesOf(
  vector: Vector,
  driver: KplDriver,
  certificate: ReturnType<typeof selfSignedCertificate>,
): Promise<readonly SeenEntry[]> {
  const seen: SeenEntry[] = []
  const faults: string[] = []
  let isListed = false
  const endpoint = await startTlsKinesis({
    shardMap: evenShards(vector.shardCount),
    secretAccessKey: CREDENTIALS.secretAccessKey,
    certificate,
    listed: () => {
      isListed = true
    },
    put: (entries) => {
      for (const { PartitionKey = '', ExplicitHashKey = '', Data } of entries) {
        seen.push({ partitionKey: PartitionKey, explicitHashKey: ExplicitHashKey, data: Data })
      }
    },
    fault: (what) => faults.push(what),
  })
  try {
    const properties = { ...UNTIMED, ...vector.config, kinesisPort: endpoint.port }
    for (const [name, value] of Object.entries(properties)) {
      driver.tell(`set ${name.charAt(0).toUpperCase()}${name.slice(1)} ${String(value)}`)
    }
    await driver.ask('open')
    for (let waitedMs = 0; !isListed; waitedMs += LOOK_EVERY_MS) {
      if (waitedMs > LISTED_LIMIT_MS) {
        throw new InconclusiveError(`the KPL did not list shards: ${faults.join('; ')}`)
      }
      await sleep(LOOK_EVERY_MS)
    }
    await sleep(MAP_SETTLES_MS)
    for (const { partitionKey, explicitHashKey, data } of vector.records) {
      const words = [partitionKey, explicitHashKey, data].map(wordOf)
      driver.tell(`record ${words.join(' ')}`)
    }
    const answer = await driver.ask('put')
    if (answer === `settled ${vector.records.length} 0` && faults.length === 0) return seen
    throw new InconclusiveError(`${vector.name}: ${answer}; ${faults.join('; ')}`)
  } finally {
    endpoint.close()
  }
}

function wordOf(value: string | Uint8Array | undefined): string {
  return value === undefined ? '-' : `:${Buffer.from(value as string).toString('base64')}`
}
