/** In a worker: asks `describe()` now and then, as an operator would, and notes what is new. */
import type { Consumer } from '@millrace/consumer'
import { machineMonotonicMs, sleep } from '@millrace/core/internal'
import type { JournalWriter } from './journal-file.ts'

const LOOK_MS = 500

/** Ends with the signal. The leader alone tells of the shards: all would say the same. */
export async function watchApplication(
  consumer: Pick<Consumer, 'describe'>,
  journal: JournalWriter,
  signal: AbortSignal,
): Promise<void> {
  const told = new Map<string, string>()
  let led = false
  while (!signal.aborted) {
    await sleep(LOOK_MS, signal).catch(() => undefined)
    // A table that does not answer now is asked again; the consumer itself tells of the trouble.
    const seen = await consumer.describe().catch(() => undefined)
    if (seen === undefined || signal.aborted) continue
    const atMs = machineMonotonicMs()
    if (seen.isLeader && !led) journal.write({ kind: 'leads', atMs })
    led = seen.isLeader
    if (!led) continue
    for (const { shardId, parents, waitingFor: why } of seen.shards) {
      // Owned by nobody, or just assigned, it waits for other things first, for a moment.
      const waits = parents.length > 0 && why.startsWith('waiting for parent')
      if (!waits || told.get(shardId) === why) continue
      told.set(shardId, why)
      journal.write({ kind: 'waits', atMs, shardId, why })
    }
  }
}
