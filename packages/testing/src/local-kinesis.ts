/** Kinesis and DynamoDB on the wire, in this process, for anything that speaks to AWS by URL. */
import { InvalidOptionError } from '@millrace/core'
import { integer, nearestName, type OptionRule, resolveOptions } from '@millrace/core/internal'
import { HttpDoor } from './http/http-door.ts'
import type { SimulatedKinesisOptions } from './kinesis/options.ts'
import { SimulatedKinesis } from './kinesis/simulated-kinesis.ts'
import { startLocalDynamoDb } from './local-dynamodb.ts'

/** A stream to create before the server listens. @public */
export interface LocalStream {
  readonly name: string
  /** @default 1 */
  readonly shardCount?: number | undefined
}

/** Options of `startLocalKinesis`; those of `SimulatedKinesis` among them. @public */
export interface LocalKinesisOptions extends SimulatedKinesisOptions {
  /** TCP port of Kinesis; 0 takes a free one. @default 0 */
  readonly port?: number | undefined
  /** TCP port of DynamoDB; 0 takes a free one. @default 0 */
  readonly dynamodbPort?: number | undefined
  /** Address to listen on. Nothing here checks who calls: keep it on loopback. @default '127.0.0.1' */
  readonly host?: string | undefined
  /** @default none */
  readonly streams?: readonly LocalStream[] | undefined
}

/** Local stand-ins for Kinesis and DynamoDB. @public */
export interface LocalKinesis {
  /** Endpoint for Kinesis clients: HTTP/1.1, or HTTP/2 with prior knowledge; JSON, or CBOR as Java's. */
  readonly kinesisUrl: string
  /** Endpoint for DynamoDB clients. */
  readonly dynamodbUrl: string
  /** The service behind the Kinesis endpoint: create streams, reshard, inject faults, look inside. */
  readonly kinesis: SimulatedKinesis
  /** Cuts every connection and forgets all data. Leaves no handle behind. */
  close(): Promise<void>
}

/**
 * Starts both servers and resolves once they listen. Clients need a region and any credentials;
 * signatures are not checked.
 *
 * @example
 * const local = await startLocalKinesis({ streams: [{ name: 'orders', shardCount: 2 }] })
 * const kinesis = kinesisFromSdk({ endpoint: local.kinesisUrl, region: 'us-east-1', credentials })
 * @throws InvalidOptionError for a wrong option, a port that is taken among them
 * @throws ServiceError for a stream that the service refuses
 * @public
 */
export async function startLocalKinesis(options: LocalKinesisOptions = {}): Promise<LocalKinesis> {
  const { port, dynamodbPort, host, streams, ...serviceOptions } = options
  const place = resolveOptions<Place>(
    '',
    { port, dynamodbPort, host },
    { port: PORT, dynamodbPort: PORT, host: address },
  )
  const kinesis = serviceOf(serviceOptions)
  for (const { name, shardCount } of streams ?? []) {
    await kinesis.createStream({ StreamName: name, ShardCount: shardCount ?? 1 })
  }
  const { door, url } = await HttpDoor.open(kinesis, place)
  try {
    const dynamodb = await startLocalDynamoDb({ host: place.host, port: place.dynamodbPort })
    let closing: Promise<void> | undefined
    return {
      kinesis,
      kinesisUrl: url,
      dynamodbUrl: dynamodb.url,
      close: () => {
        closing ??= Promise.all([door.close(), dynamodb.close()]).then(() => undefined)
        return closing
      },
    }
  } catch (error) {
    await door.close()
    throw error
  }
}

/** The service knows its own options only; a misspelt `port` must not be answered with its list. */
function serviceOf(options: SimulatedKinesisOptions): SimulatedKinesis {
  try {
    return new SimulatedKinesis(options)
  } catch (cause) {
    const isUnknown = cause instanceof InvalidOptionError && cause.message.startsWith('Unknown')
    const near = isUnknown ? nearestName(cause.option, OWN_NAMES) : undefined
    if (!isUnknown || near === undefined) throw cause
    throw new InvalidOptionError(cause.option, cause.message, `Did you mean "${near}"?`)
  }
}

const OWN_NAMES = ['port', 'dynamodbPort', 'host', 'streams']

interface Place {
  readonly port: number
  readonly dynamodbPort: number
  readonly host: string
}

const PORT = integer({ default: 0, min: 0, max: 65_535 })

const address: OptionRule<string> = (path, value) => {
  if (value === undefined) return '127.0.0.1'
  if (typeof value === 'string' && value !== '') return value
  throw new InvalidOptionError(path, `${path} is not an address`, 'Use a name or an IP address.')
}
