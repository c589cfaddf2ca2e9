/**
 * Writes to lease rows in steady state, counted in virtual time over the simulated services: no
 * machine can make this figure better or worse. KCL renews each lease at a fixed rate whether it has
 * just been checkpointed or not; ours lets each checkpoint be the heartbeat.
 */
import { Consumer } from '@millrace/consumer'
import { simulate } from '@millrace/testing'
import type { CountResult } from './count.ts'

const STREAM = 'bench'
const SHARDS = 4
const WORKERS = 2
const SETTLE_MS = 60_000
const MEASURED_MS = 600_000
const PUT_EVERY_MS = 100
/** kcl-leases.md 0: failoverTimeMillis / 3 - epsilonMillis. */
const KCL_RENEWS_EVERY_MS = 10_000 / 3 - 25

interface Load {
  readonly checkpointEveryMs: number
  /** Of ours to KCL's. */
  readonly atMost: number
}

const LOADS: readonly Load[] = [
  { checkpointEveryMs: 1000, atMost: 0.8 },
  { checkpointEveryMs: 3000, atMost: 0.55 },
]

export async function countLeaseWrites(): Promise<readonly CountResult[]> {
  const results: CountResult[] = []
  for (const load of LOADS) results.push(await countOf(load))
  return results
}

async function countOf({ checkpointEveryMs, atMost }: Load): Promise<CountResult> {
  const ours = await writesASecond(checkpointEveryMs)
  const kcl = 1000 / KCL_RENEWS_EVERY_MS + 1000 / checkpointEveryMs
  return {
    name: `lease writes, a checkpoint each ${checkpointEveryMs / 1000} s`,
    unit: 'writes a second and lease, in virtual time',
    counts: [
      { name: 'millrace', value: ours },
      { name: 'KCL: renewals and checkpoints', value: kcl },
    ],
    ceilings: [{ name: 'lease writes', ratio: ours / kcl, atMost, held: ours / kcl <= atMost }],
  }
}

/** Of two workers that share four busy leases, each lease by itself. */
async function writesASecond(checkpointEveryMs: number): Promise<number> {
  let isMeasured = false
  let writes = 0
  const result = await simulate({
    seed: 1,
    faults: { latencyMs: { min: 1, max: 20 } },
    dynamo: {
      onWrite: ({ operation, after }) => {
        const isLease = after?.['entityType']?.S === 'LEASE'
        if (isMeasured && isLease && operation === 'UpdateItem') writes++
      },
    },
    programme: async (world) => {
      await world.kinesis.createStream({ StreamName: STREAM, ShardCount: SHARDS })
      for (let i = 0; i < WORKERS; i++) {
        world.spawn(`worker-${i}`, async ({ kinesis, dynamo, random }) => {
          const consumer = new Consumer({
            applicationName: STREAM,
            stream: STREAM,
            workerId: `worker-${i}`,
            client: kinesis,
            dynamodb: dynamo,
            random,
            initialPosition: 'TRIM_HORIZON',
            logger: false,
            lease: { workerMetrics: 'off' },
            retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 200 },
            checkpoint: { everyMs: checkpointEveryMs },
          })
          await consumer.run({ eachBatch: async () => {} })
        })
      }
      const feed = async (forMs: number): Promise<void> => {
        for (const endMs = world.nowMs() + forMs; world.nowMs() < endMs; ) {
          await putIntoEachShard(world.kinesis)
          await world.sleep(PUT_EVERY_MS)
        }
      }
      await feed(SETTLE_MS)
      isMeasured = true
      await feed(MEASURED_MS)
      isMeasured = false
    },
  })
  const [violation] = result.violations
  if (violation !== undefined) throw new Error(`the fleet failed: ${violation.message}`)
  return writes / SHARDS / (MEASURED_MS / 1000)
}

type World = Parameters<Parameters<typeof simulate>[0]['programme']>[0]

async function putIntoEachShard(kinesis: World['kinesis']): Promise<void> {
  await kinesis.putRecords({
    StreamName: STREAM,
    Records: kinesis.shards(STREAM).map(({ HashKeyRange }) => ({
      PartitionKey: 'bench',
      ExplicitHashKey: HashKeyRange.StartingHashKey,
      Data: new Uint8Array(100),
    })),
  })
}
