/** The AWS SDK in the loop of the simulator: in it indeed, and repeatable all the same. */
import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isServiceError } from '@millrace/core'
import { SeededRandom, simulate } from '@millrace/testing'
import { runCommand } from '../run-command.ts'
import { planHistory } from '../sim/fleet/history-plan.ts'
import { warmUpSdk, withClients } from '../sim/fleet/sdk-clients.ts'
import { OverallHash, runSeeds } from '../sim/run-seeds.ts'
import { OVER_SDK } from '../sim/scenarios/over-sdk.ts'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')
const SEEDS = 2

async function hashInAFreshProcess(): Promise<string> {
  const { exitCode, stdout } = await runCommand(
    process.execPath,
    [
      ...['--conditions=@millrace/source', '--import', 'tsx', 'integration/sim/main.ts'],
      ...['--scenario', 'fleet-over-sdk', '--seeds', String(SEEDS), '--jobs', '1', '--json'],
    ],
    { cwd: ROOT, timeoutMs: 120_000 },
  )
  assert.equal(exitCode, 0, stdout)
  const last = stdout.trimEnd().split('\n').at(-1) ?? ''
  return (JSON.parse(last) as { traceHash: string }).traceHash
}

describe('the scenario fleet-over-sdk', () => {
  it('gives the same trace hash in a fresh process as in this one', async () => {
    const hash = new OverallHash()
    for await (const fact of runSeeds(OVER_SDK, { from: 1, seeds: SEEDS })) {
      assert.deepEqual(fact.violations, [])
      hash.add(fact)
    }
    assert.equal(await hashInAFreshProcess(), hash.digest())
  })
})

describe('withClients', () => {
  const plan = { ...planHistory(new SeededRandom(1, 'plan')), throughSdk: true as const }

  before(warmUpSdk)

  it('lets the faults of the simulation reach the process as the SDK reports them', async () => {
    const seen: string[] = []
    const { violations } = await simulate({
      seed: 1,
      faults: {
        latencyMs: { min: 5, max: 5 },
        dynamo: {
          operations: { scan: { throttle: 1 }, query: { failAfter: 1 }, getItem: { loseReply: 1 } },
        },
      },
      programme: async (world) => {
        const main = withClients(plan, world, async ({ dynamo }) => {
          const report = (cause: unknown): void => {
            assert.ok(isServiceError(cause))
            // The status is proof of an answer that the SDK has read.
            const status = (cause.cause as { statusCode?: number } | undefined)?.statusCode
            seen.push(`${cause.kind} ${status ?? 'unanswered'}`)
          }
          await dynamo.scan({ TableName: 't' }).catch(report)
          const query = { TableName: 't', KeyConditionExpression: 'k = :k' }
          await dynamo.query(query).catch(report)
          const get = { TableName: 't', Key: { k: { S: 'a' } } }
          for (let i = 0; i < 8; i++) await dynamo.getItem(get, { timeoutMs: 1000 }).catch(report)
        })
        await world.spawn('w', main).done
      },
    })
    assert.deepEqual(violations, [])
    assert.equal(seen[0], 'throttled 400')
    assert.match(seen[1] ?? '', /^transient 50[03]$/)
    assert.deepEqual(new Set(seen.slice(2)), new Set(['network unanswered']))
    assert.equal(seen.length, 10)
  })

  it('has the first call of a process with a wrong clock refused, and the next one signed in time', async () => {
    const seen: unknown[] = []
    const { violations } = await simulate({
      seed: 1,
      faults: { latencyMs: { min: 5, max: 5 } },
      programme: async (world) => {
        await world.kinesis.createStream({ StreamName: 's', ShardCount: 1 })
        const main = withClients(plan, world, async ({ kinesis }) => {
          const input = {
            StreamName: 's',
            ShardId: 'shardId-000000000000',
            ShardIteratorType: 'LATEST',
          } as const
          await kinesis.getShardIterator(input).catch((cause: unknown) => {
            assert.ok(isServiceError(cause))
            seen.push(cause.kind)
          })
          const { serviceTimeMs } = await kinesis.getShardIterator(input)
          seen.push(serviceTimeMs)
        })
        await world.spawn('w', main, { clockOffsetMs: 3_600_000 }).done
      },
    })
    assert.deepEqual(violations, [])
    // Of the true clock, whatever the process believes.
    assert.deepEqual(seen, ['expired-credentials', Date.UTC(2024, 0, 1)])
  })
})
