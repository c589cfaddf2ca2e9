/** S18 at the end: what is known to be stored is not dropped with the rest. */
import { ServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { alter } from '../regressions/altered-answers.ts'
import type { ProducerScenario } from './producer-scenario.ts'
import type { ProducerStage } from './producer-stage.ts'

/**
 * A shard was split, and no list shows it: beside what strayed lies what landed as meant, which
 * waits for a list too when close() has its deadline.
 */
async function closedInDoubt(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  await stage.createStream(2)
  const [first, second] = stage.openShards()
  const [split, whole] = random.next() < 0.5 ? [first, second] : [second, first]
  let isThrottled = false
  const list = alter(world, 'listShards', async (_input, ask) => {
    if (!isThrottled) return await ask()
    throw new ServiceError('ListShards', 'LimitExceededException', 'Rate exceeded (simulated).')
  })
  let stored = 0
  await stage.run('producer', { fewestAttempts: 0 }, async (producer) => {
    for (let i = 0; i < 5; i++) void producer.put(`warm ${i}`)
    await producer.flush()
    isThrottled = true
    await stage.split(split?.ShardId ?? '')
    const puts = Array.from({ length: 10 }, async (_, i) => {
      const shard = i % 2 === 0 ? split : whole
      const explicitHashKey = shard?.HashKeyRange.EndingHashKey
      const result = await producer.put(`key ${i}`, { explicitHashKey })
      if (result?.shardId === whole?.ShardId) stored++
    })
    await sleep(stage.between(0, 300))
    // Less than the time for which a place may be in doubt.
    if (random.next() < 0.3) await producer.destroy()
    else await producer.close(stage.between(500, 3000))
    await Promise.all(puts)
    await producer.rest()
  })
  list.clear()
  const failed = stage.ledger.puts.filter(({ settled }) => settled === 'failed').length
  stage.reached('closed-in-doubt', failed)
  world.count('stored-as-meant', stored)
}

export const CLOSED_IN_DOUBT: ProducerScenario = {
  name: 'closed-in-doubt',
  about:
    'S18: close() has its deadline while it is not known where records belong: no stored one fails',
  everySeeds: 20,
  play: closedInDoubt,
}
