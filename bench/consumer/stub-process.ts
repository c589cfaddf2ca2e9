/** The server of the consumer benchmark: canned pages over TLS, and DynamoDB for the leases. */
import { dynamoFromSdk } from '@millrace/core'
import { startLocalKinesis } from '@millrace/testing'
import { evenShards } from '../../integration/harness/even-shards.ts'
import { startTlsKinesis } from '../../integration/harness/tls-kinesis/server.ts'
import { kclTableInput } from '../../integration/interop/kcl-table.ts'
import { CREDENTIALS, REGION } from '../environment.ts'
import {
  KCL_STREAM,
  SHARDS,
  type StreamState,
  type StubCommand,
  type StubListening,
  type StubSettings,
} from './messages.ts'
import { PageServer } from './page-server.ts'

const settings = JSON.parse(process.argv[2] ?? '') as StubSettings
const shardMap = evenShards(SHARDS)
const pages = new PageServer(settings, shardMap)
let fault: string | undefined

function tell(message: StubListening | StreamState): void {
  process.send?.(message)
}

const { dynamodbUrl } = await startLocalKinesis()
await makeKclTable(dynamodbUrl)
const stub = await startTlsKinesis({
  shardMap,
  secretAccessKey: CREDENTIALS.secretAccessKey,
  operations: pages.operations,
  fault: (what) => {
    fault ??= what
  },
})

process.on('message', (command: StubCommand) => tell({ ...pages.add(command), fault }))
process.once('disconnect', () => process.exit())
tell({ port: stub.port, cert: stub.certificate.cert, dynamodbUrl })

/** dynalite cannot add KCL's index to a table that is there. */
async function makeKclTable(endpoint: string): Promise<void> {
  const dynamo = dynamoFromSdk({ region: REGION, endpoint, credentials: CREDENTIALS })
  await dynamo.createTable(kclTableInput(KCL_STREAM))
  dynamo.close()
}
