/** The AWS SDK between a simulated process and its ports: real clients, records in CBOR, and no sockets. */
import { dynamoFromSdk, kinesisOverCbor } from '@millrace/core'
import {
  inProcessDynamo,
  inProcessKinesis,
  SimulatedDynamo,
  SimulatedKinesis,
  type SimulatedProcess,
  type SimulatedWorld,
  VIRTUAL_EPOCH_MS,
} from '@millrace/testing'
import type { HistoryPlan } from './history-plan.ts'

const CLIENT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'simulated', secretAccessKey: 'simulated' },
}

type Main = (process: SimulatedProcess) => Promise<void>

/** The main function of a process, with the clients between it and its ports that a plan asks for. */
export function withClients(plan: HistoryPlan, world: SimulatedWorld, main: Main): Main {
  return plan.throughSdk ? (process) => runThroughSdk(process, world, main) : main
}

/** The clients are made, and closed, by the process: they die with it. */
async function runThroughSdk(
  process: SimulatedProcess,
  world: SimulatedWorld,
  main: Main,
): Promise<void> {
  // Services have the true time, whatever the clock of the process says.
  const service = { nowMs: () => Math.floor(VIRTUAL_EPOCH_MS + world.nowMs()) }
  const kinesis = kinesisOverCbor({
    ...CLIENT,
    requestHandler: inProcessKinesis(process.kinesis, service),
  })
  const dynamo = dynamoFromSdk({
    ...CLIENT,
    requestHandler: inProcessDynamo(process.dynamo, service),
  })
  try {
    await main({ ...process, kinesis, dynamo })
  } finally {
    kinesis.close()
    dynamo.close()
  }
}

let warm: Promise<void> | undefined

/** The SDK reads configuration files at its first call: not while time is virtual. */
export function warmUpSdk(): Promise<void> {
  warm ??= makeFirstCalls()
  return warm
}

async function makeFirstCalls(): Promise<void> {
  const kinesis = kinesisOverCbor({
    ...CLIENT,
    requestHandler: inProcessKinesis(new SimulatedKinesis()),
  })
  const dynamo = dynamoFromSdk({
    ...CLIENT,
    requestHandler: inProcessDynamo(new SimulatedDynamo()),
  })
  // A call that is answered and one that is refused, of each.
  await kinesis.createStream({ StreamName: 'warm', ShardCount: 1 })
  await kinesis.listShards({ StreamName: 'absent' }).catch(() => undefined)
  const Records = [{ Data: new Uint8Array(1), PartitionKey: 'k' }]
  await kinesis.putRecords({ StreamName: 'absent', Records }).catch(() => undefined)
  await dynamo.createTable({
    TableName: 'warm',
    AttributeDefinitions: [{ AttributeName: 'k', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  })
  await dynamo.describeTable({ TableName: 'absent' }).catch(() => undefined)
  kinesis.close()
  dynamo.close()
}
