/** The ports of a consumer: those it was given, else the AWS SDK's. */
import { type DynamoPort, dynamoFromSdk, type KinesisPort, kinesisOverCbor } from '@millrace/core'
import type { ResolvedConsumerOptions } from './options.ts'
import { type Machine, thisMachine } from './worker-metrics/machine.ts'

export interface ConsumerPorts {
  readonly kinesis: KinesisPort
  readonly dynamo: DynamoPort
  /** What worker metrics are read from. */
  readonly machine: Machine
  /** Lets go of what was made here; given ports stay as they are. */
  close(): void
}

export function openPorts(
  options: Pick<
    ResolvedConsumerOptions<never>,
    | 'client'
    | 'dynamodb'
    | 'region'
    | 'endpoint'
    | 'dynamodbEndpoint'
    | 'allowInsecureEndpoint'
    | 'credentials'
    | 'stream'
  >,
): ConsumerPorts {
  const region = options.region ?? options.stream.region
  const { credentials, allowInsecureEndpoint } = options
  const shared = { region, credentials, allowInsecureEndpoint }
  const ownKinesis =
    options.client === undefined
      ? kinesisOverCbor({ ...shared, endpoint: options.endpoint })
      : undefined
  const ownDynamo =
    options.dynamodb === undefined
      ? dynamoFromSdk({ ...shared, endpoint: options.dynamodbEndpoint })
      : undefined
  return {
    // One of the two is always there: that is what the branches above decide.
    kinesis: options.client ?? (ownKinesis as KinesisPort),
    dynamo: options.dynamodb ?? (ownDynamo as DynamoPort),
    machine: thisMachine,
    close: () => {
      ownKinesis?.close()
      ownDynamo?.close()
    },
  }
}
