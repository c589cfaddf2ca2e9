/** Producer, stream, two workers and the lease table, once through. */
import { Consumer } from '@millrace/consumer'
import { jsonCodec } from '@millrace/core'
import { monotonicMs, sleep, systemRandom } from '@millrace/core/internal'
import { Producer } from '@millrace/producer'
import type { SmokeSettings } from './settings.ts'

interface Note {
  /** Of this run: the stream may hold records of others. */
  readonly run: string
  readonly number: number
}

export interface SmokeResult {
  /** One line each; empty when all arrived. */
  readonly problems: readonly string[]
}

/** A table that is made first takes about ten seconds on AWS. */
const READY_WITHIN_MS = 60_000
const DELIVERED_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 250

/** @throws whatever the stream, the table or the policy refuses */
export async function runSmoke(
  { stream, applicationName, records }: SmokeSettings,
  say: (line: string) => void,
): Promise<SmokeResult> {
  const run = systemRandom.uuid()
  const codec = jsonCodec<Note>()
  const seen = new Map<number, number>()
  const problems: string[] = []
  const failure = new AbortController()

  const workers = ['1', '2'].map((name) => {
    const consumer = new Consumer<Note>({
      applicationName,
      stream,
      workerId: `smoke-${name}-${run}`,
      codec,
      // What the stream holds already is of no interest, and need not be of our making.
      initialPosition: 'LATEST',
      onMalformed: 'skip',
    })
    consumer.on('error', (error) => problems.push(`worker ${name}: ${String(error)}`))
    const running = consumer.run({
      eachRecord: ({ data }) => {
        if (data.run === run) seen.set(data.number, (seen.get(data.number) ?? 0) + 1)
      },
    })
    running.catch((cause: unknown) => failure.abort(cause))
    return { consumer, running }
  })
  const within = async (ms: number, holds: () => boolean | Promise<boolean>): Promise<boolean> => {
    const endMs = monotonicMs() + ms
    while (!(await holds())) {
      failure.signal.throwIfAborted()
      if (monotonicMs() > endMs) return false
      await sleep(LOOK_EVERY_MS)
    }
    return true
  }
  try {
    const ready = await within(READY_WITHIN_MS, () => isRead(workers.map((one) => one.consumer)))
    if (!ready) problems.push(`not all shards were being read within ${READY_WITHIN_MS} ms`)
    say(`reading: table ${applicationName}`)

    const producer = new Producer<Note>({ stream, codec })
    await Promise.all(
      Array.from({ length: records }, (_, number) =>
        producer.put({ partitionKey: `smoke-${number}`, data: { run, number } }),
      ),
    )
    await producer.close()
    say(`stored: ${records} records in ${stream}`)

    await within(DELIVERED_WITHIN_MS, () => seen.size === records)
    const twice = [...seen.values()].filter((times) => times > 1).length
    say(`delivered: ${seen.size} of ${records}, ${twice} of them more than once`)
    if (seen.size < records) problems.push(`${records - seen.size} records were not delivered`)
  } finally {
    await Promise.all(workers.map(({ consumer }) => consumer.close()))
  }
  await Promise.all(workers.map(({ running }) => running))
  say('stopped')
  return { problems }
}

/** True once each open shard has been read by one of the workers: what is put now, LATEST sees. */
async function isRead(workers: readonly Consumer<Note>[]): Promise<boolean> {
  if (workers.some(({ state }) => state !== 'running')) return false
  const read = new Map<string, boolean>()
  for (const worker of workers) {
    for (const { shardId, state, millisBehindLatest } of (await worker.describe()).shards) {
      const known = state === 'ended' || millisBehindLatest !== undefined
      read.set(shardId, known || read.get(shardId) === true)
    }
  }
  return read.size > 0 && [...read.values()].every((known) => known)
}
