// Node's diagnostics_channel: what the producer does, for tracing or logs, without a change to its use.
import { subscribe } from 'node:diagnostics_channel'
import { jsonCodec } from '@millrace/core'
import {
  PRODUCER_CHANNELS,
  Producer,
  type RecordSettleMessage,
  type RequestEndMessage,
} from '@millrace/producer'

subscribe(PRODUCER_CHANNELS.requestEnd, (message) => {
  const { userRecords, durationMs, refusedRecords, errorCode } = message as RequestEndMessage
  const outcome = errorCode ?? `${refusedRecords} refused`
  console.log(`request: ${userRecords} records, ${durationMs} ms, ${outcome}`)
})
subscribe(PRODUCER_CHANNELS.recordSettle, (message) => {
  const { shardId, sequenceNumber, errorCode, ageMs } = message as RecordSettleMessage
  console.log(`record: ${errorCode ?? `${shardId} ${sequenceNumber}`}, ${ageMs} ms`)
})

await using producer = new Producer({
  stream: 'quick-start',
  codec: jsonCodec<{ hello: string }>(),
})
await producer.put({ partitionKey: 'Ada', data: { hello: 'Ada' } })
