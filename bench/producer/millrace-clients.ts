/** Our producer with its defaults, but for the limit per shard: the stub takes what comes. */
import { Producer, type UserRecordFailedError } from '@millrace/producer'
import { CREDENTIALS, REGION } from '../environment.ts'
import type { Load } from './load.ts'
import { type ClientSettings, STREAM } from './messages.ts'
import { OutstandingWindow } from './outstanding-window.ts'

export const OUTSTANDING = 10_000
const UNLIMITED_PERCENT = 1_000_000

function producerFor({ url }: ClientSettings): Producer {
  return new Producer({
    stream: STREAM,
    region: REGION,
    endpoint: url,
    credentials: CREDENTIALS,
    rateLimitPercent: UNLIMITED_PERCENT,
    maxOutstandingRecords: OUTSTANDING,
  })
}

/** Each record's promise is looked at, as its caller would. */
export function putClient(settings: ClientSettings): (load: Load) => Promise<number> {
  const producer = producerFor(settings)
  return async ({ keys, data }) => {
    const window = new OutstandingWindow(OUTSTANDING)
    for (let i = 0; i < keys.length; i++) {
      const partitionKey = keys[i] as string
      window.began()
      producer
        .put({ partitionKey, data: data[i % data.length] as Uint8Array })
        .then(window.stored, window.failed)
      if (window.isFull) await window.halfFree()
    }
    await producer.flush()
    await window.halfFree()
    return window.acknowledged
  }
}

export function tryPutClient(settings: ClientSettings): (load: Load) => Promise<number> {
  const producer = producerFor(settings)
  let failure: UserRecordFailedError | undefined
  producer.on('failed', (_record, error) => {
    failure ??= error
  })
  return async ({ keys, data }) => {
    for (let i = 0; i < keys.length; i++) {
      const partitionKey = keys[i] as string
      const record = { partitionKey, data: data[i % data.length] as Uint8Array }
      while (!producer.tryPut(record)) await drained(producer)
    }
    await producer.flush()
    if (failure !== undefined) throw failure
    return keys.length
  }
}

function drained(producer: Producer): Promise<void> {
  return new Promise((resolve) => {
    producer.once('drain', resolve)
  })
}
