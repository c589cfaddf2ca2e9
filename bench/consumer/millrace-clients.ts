/** Our consumer with its defaults. */
import { Consumer, type ConsumerOptions, type RecordBatch } from '@millrace/consumer'
import { kinesisFromSdk } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { CREDENTIALS, REGION } from '../environment.ts'
import type { ReadingClient } from './client.ts'
import { type ClientSettings, SLOW_BOUND_BYTES } from './messages.ts'
import type { Tally } from './tally.ts'

/** At the tip, as the Java KCL beside it: what it waits before a round is not what is measured. */
const POLLING = { mode: 'polling', idleTimeBetweenReadsMs: 500 } as const
/** Longer than a busy machine keeps anyone from the table: a lease that is lost ends the run. */
const FAILOVER_MS = 30_000
/** Behind the tip a shard gives a page each 200 ms: ten times that. */
const SLOW_MS_A_BATCH = 2000

export function thinPath(settings: ClientSettings, tally: Tally): ReadingClient {
  return reading(settings, tally, { retrieval: POLLING })
}

export function slowThinPath(settings: ClientSettings, tally: Tally): ReadingClient {
  const retrieval = { ...POLLING, maxTotalPendingBytes: SLOW_BOUND_BYTES }
  return reading(settings, tally, { retrieval }, () => sleep(SLOW_MS_A_BATCH))
}

export function sdkAdapter(settings: ClientSettings, tally: Tally): ReadingClient {
  const { kinesisUrl: endpoint } = settings
  const client = kinesisFromSdk({ region: REGION, endpoint, credentials: CREDENTIALS })
  return reading(settings, tally, { client, retrieval: POLLING })
}

function reading(
  { stream, kinesisUrl, dynamodbUrl }: ClientSettings,
  tally: Tally,
  options: Pick<ConsumerOptions, 'client' | 'retrieval'>,
  beforeEach?: () => Promise<void>,
): ReadingClient {
  const consumer = new Consumer({
    applicationName: stream,
    stream,
    initialPosition: 'TRIM_HORIZON',
    onHandlerError: 'stop',
    lease: { failoverTimeMs: FAILOVER_MS },
    region: REGION,
    credentials: CREDENTIALS,
    dynamodbEndpoint: dynamodbUrl,
    ...(options.client === undefined ? { endpoint: kinesisUrl } : {}),
    ...options,
  })
  const handle = ({ records, shard: { shardId } }: RecordBatch): void => {
    const shard = tally.shard(shardId)
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as (typeof records)[number]
      shard.add(record.sequenceNumber, record.subSequenceNumber, record.data.length)
    }
    tally.look()
  }
  consumer
    .run({
      eachBatch:
        beforeEach === undefined ? handle : (batch) => beforeEach().then(() => handle(batch)),
    })
    .catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
      process.exit(1)
    })
  return { read: (_tally, records) => tally.reached(records) }
}
