/** A producer over a simulated stream in virtual time, and what its readers must find. */
import assert from 'node:assert/strict'
import { Producer, type ProducerOptions, type UserRecordResult } from '@millrace/producer'
import { runInVirtualTime, SimulatedKinesis, type VirtualTime } from '@millrace/testing'
import { RecordingClient } from './recording-client.ts'
import { placeOf, storedUserRecords } from './stored-records.ts'

export const STREAM = 'orders'

export interface Setting {
  readonly service: SimulatedKinesis
  readonly client: RecordingClient
  readonly producer: Producer
  readonly time: VirtualTime
}

export function withProducer(
  shards: number,
  options: ProducerOptions,
  body: (setting: Setting) => Promise<void>,
): Promise<void> {
  return runInVirtualTime(async (time) => {
    const service = new SimulatedKinesis()
    await service.createStream({ StreamName: STREAM, ShardCount: shards })
    const client = new RecordingClient(service)
    const producer = new Producer({ stream: STREAM, client, logger: false, ...options })
    await body({ service, client, producer, time })
    await producer.close()
  })
}

/** Puts `count` records; what became of them, by text. */
export async function putAll(
  producer: Producer,
  count: number,
  prefix: string,
): Promise<Map<string, UserRecordResult>> {
  const results = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const text = `${prefix}${i}`
      const result = await producer.put({ partitionKey: `k${i}`, data: Buffer.from(text) })
      return [text, result] as const
    }),
  )
  return new Map(results)
}

export function assertReadable(
  service: SimulatedKinesis,
  acked: Map<string, UserRecordResult>,
): void {
  const stored = new Map(storedUserRecords(service, STREAM).map((r) => [placeOf(r), r]))
  for (const [text, result] of acked) {
    const found = stored.get(placeOf(result))
    assert.equal(found?.text, text)
    assert.ok(found.readable, `${text} lies in an aggregate that KCL drops`)
  }
}
