/** What the AWS SDK adapters can be told, checked once. */
import { InvalidOptionError } from '../errors.ts'
import {
  flag,
  integer,
  type OptionRule,
  objectWith,
  optional,
  resolveOptions,
  text,
} from '../options.ts'

/** Long-lived or temporary keys, as the AWS SDK takes them. @public */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  readonly expiration?: Date | undefined
}

/** Keys, or a function that gets them (any provider of the AWS SDK fits). @public */
export type AwsCredentialsOption = AwsCredentials | (() => Promise<AwsCredentials>)

/**
 * What carries a request of the AWS SDK and brings the answer: a `NodeHttpHandler` of your own, or
 * `inProcessKinesis(port)` of the testing package.
 *
 * @public
 */
export interface AwsRequestHandler {
  handle(
    request: { readonly headers: Record<string, string>; readonly body?: unknown },
    options?: { readonly abortSignal?: unknown; readonly requestTimeout?: number },
  ): Promise<{ readonly response: object }>
}

/** How the adapters reach AWS. @public */
export interface AwsClientOptions {
  /**
   * AWS region, e.g. `eu-west-1`.
   *
   * @default the SDK's chain: AWS_REGION, then the shared config file
   */
  readonly region?: string | undefined
  /**
   * URL of the service, for emulators, proxies and VPC endpoints. Plain `http:` is refused outside
   * loopback unless `allowInsecureEndpoint` is set: payloads would cross the network in the clear.
   *
   * @default the service's own endpoint of the region
   */
  readonly endpoint?: string | undefined
  /** @default false */
  readonly allowInsecureEndpoint?: boolean | undefined
  /**
   * Keys or a provider of them.
   *
   * @default the SDK's chain: environment, shared files, SSO, web identity, container, instance
   */
  readonly credentials?: AwsCredentialsOption | undefined
  /**
   * Sockets of the data pool (Kinesis) or of the lease pool (DynamoDB). KPL: `MaxConnections`.
   *
   * @default 24
   */
  readonly maxConnections?: number | undefined
  /**
   * Time to open a socket, milliseconds. KPL: `ConnectTimeout`.
   *
   * @default 6000
   */
  readonly connectTimeoutMs?: number | undefined
  /**
   * Deadline of one attempt, from the call to the last byte of the answer, milliseconds; past it
   * the call rejects with kind `network`. A call's own `timeoutMs` goes before. KPL:
   * `RequestTimeout`.
   *
   * @default 6000
   */
  readonly requestTimeoutMs?: number | undefined
  /**
   * Silence on a socket in use after which the attempt is given up, milliseconds.
   *
   * @default 6000
   */
  readonly socketTimeoutMs?: number | undefined
  /**
   * Takes the place of our sockets: for a proxy, or for tests without any. What it is told of
   * deadlines it may heed; `requestTimeoutMs` holds anyway. close() destroys it, as the SDK does.
   * Pools and time-outs of sockets are then its own: to set them here as well is refused.
   *
   * @default an HTTP/1.1 keep-alive pool made of the options above
   */
  readonly requestHandler?: AwsRequestHandler | undefined
}

export interface ResolvedAwsClientOptions {
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly allowInsecureEndpoint: boolean
  readonly credentials: AwsCredentialsOption | undefined
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly socketTimeoutMs: number
  readonly requestHandler: AwsRequestHandler | undefined
}

const TIMEOUT = { default: 6000, min: 1, max: 600_000 }

/** @throws InvalidOptionError */
export function resolveAwsClientOptions(
  path: string,
  given: AwsClientOptions | undefined,
): ResolvedAwsClientOptions {
  const resolved = resolveOptions<ResolvedAwsClientOptions>(path, given, {
    region: optional(text({ pattern: /^[a-z0-9-]{1,64}$/, expects: 'a region such as eu-west-1' })),
    endpoint: optional(httpUrl),
    allowInsecureEndpoint: flag(false),
    credentials: optional(awsCredentials),
    maxConnections: integer({ default: 24, min: 1, max: 10_000 }),
    connectTimeoutMs: integer(TIMEOUT),
    requestTimeoutMs: integer(TIMEOUT),
    socketTimeoutMs: integer(TIMEOUT),
    requestHandler: objectWith<AwsRequestHandler>(['handle']),
  })
  if (resolved.requestHandler !== undefined) refuseSocketOptions(path, given)
  if (!resolved.allowInsecureEndpoint && leavesTheMachineInTheClear(resolved.endpoint)) {
    throw new InvalidOptionError(
      `${path}.endpoint`,
      `${path}.endpoint ${JSON.stringify(resolved.endpoint)} sends records and leases in the clear`,
      'Use https, or set allowInsecureEndpoint: true for a network that you trust.',
    )
  }
  return resolved
}

function refuseSocketOptions(path: string, given: AwsClientOptions | undefined): void {
  for (const name of ['maxConnections', 'connectTimeoutMs', 'socketTimeoutMs'] as const) {
    if (given?.[name] === undefined) continue
    throw new InvalidOptionError(
      `${path}.${name}`,
      `${path}.${name} has no effect beside ${path}.requestHandler`,
      'Set it on the request handler itself.',
    )
  }
}

const httpUrl: OptionRule<string> = (path, value) => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) {
    return String(value)
  }
  throw new InvalidOptionError(
    path,
    `${path} is ${typeof value === 'string' ? JSON.stringify(value) : typeof value}`,
    'Use a whole URL such as https://kinesis.eu-west-1.amazonaws.com.',
  )
}

/** Names the field at fault and never a value: they are secrets. */
const awsCredentials: OptionRule<AwsCredentialsOption> = (path, value) => {
  if (typeof value === 'function') return value as () => Promise<AwsCredentials>
  const keys = (typeof value === 'object' && value !== null ? value : {}) as Partial<AwsCredentials>
  for (const field of ['accessKeyId', 'secretAccessKey'] as const) {
    if (typeof keys[field] === 'string' && keys[field] !== '') continue
    throw new InvalidOptionError(
      `${path}.${field}`,
      `${path}.${field} is missing`,
      'Pass { accessKeyId, secretAccessKey, sessionToken? }, or a provider function.',
    )
  }
  return keys as AwsCredentials
}

function leavesTheMachineInTheClear(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return false
  const { protocol, hostname } = new URL(endpoint)
  const loopback = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
  return protocol === 'http:' && !loopback
}
