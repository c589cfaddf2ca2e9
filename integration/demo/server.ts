/** Server process of the demo: Kinesis and DynamoDB, local and in memory. */
import { startLocalKinesis } from '@millrace/testing'
import { readSettings, tellParent } from './child-side.ts'
import { type Listening, type ServerSettings, STREAM } from './processes.ts'

const { shards, dynamodbUrl } = readSettings<ServerSettings>()
const local = await startLocalKinesis({ streams: [{ name: STREAM, shardCount: shards }] })
process.once('SIGTERM', () => void local.close())
tellParent({
  kinesisUrl: local.kinesisUrl,
  dynamodbUrl: dynamodbUrl ?? local.dynamodbUrl,
} satisfies Listening)
