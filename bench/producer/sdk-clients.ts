/** What one writes without a library: PutRecords of 500 records each, eight on the way. */
import { Agent } from 'node:https'
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { CREDENTIALS, REGION } from '../environment.ts'
import type { Load } from './load.ts'
import { type ClientSettings, STREAM } from './messages.ts'

const RECORDS_A_REQUEST = 500
const IN_FLIGHT = 8

export function sdkAsShipped({ url }: ClientSettings): (load: Load) => Promise<number> {
  const client = new KinesisClient({ region: REGION, endpoint: url, credentials: CREDENTIALS })
  return (load) => putAll(client, load)
}

export function sdkKeepAlive({ url }: ClientSettings): (load: Load) => Promise<number> {
  const client = new KinesisClient({
    region: REGION,
    endpoint: url,
    credentials: CREDENTIALS,
    requestHandler: new NodeHttpHandler({
      httpsAgent: new Agent({ keepAlive: true, maxSockets: IN_FLIGHT }),
    }),
  })
  return (load) => putAll(client, load)
}

async function putAll(client: KinesisClient, { keys, data }: Load): Promise<number> {
  let next = 0
  let acknowledged = 0
  const putOn = async (): Promise<void> => {
    while (next < keys.length) {
      const records = []
      for (const end = Math.min(next + RECORDS_A_REQUEST, keys.length); next < end; next++) {
        records.push({ PartitionKey: keys[next] as string, Data: data[next % data.length] })
      }
      const answer = await client.send(
        new PutRecordsCommand({ StreamName: STREAM, Records: records as never }),
      )
      for (const { SequenceNumber } of answer.Records ?? []) if (SequenceNumber) acknowledged++
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, putOn))
  return acknowledged
}
