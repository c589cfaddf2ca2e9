/** How every AWS SDK client of ours is made: late, with our handler, one attempt, and quietly. */
import type { KinesisClientConfig } from '@aws-sdk/client-kinesis'
import type { NodeHttpHandler } from '@smithy/node-http-handler'
import { ServiceError } from '../service-errors.ts'
import { createHttpHandler, silentSdkLogger } from './http-handler.ts'
import type {
  AwsCredentials,
  AwsCredentialsOption,
  AwsRequestHandler,
  ResolvedAwsClientOptions,
} from './sdk-options.ts'

type SdkRequestHandler = NodeHttpHandler | (AwsRequestHandler & Record<string, unknown>)
type SdkCredentials = NonNullable<KinesisClientConfig['credentials']>

/** The part of an SDK client's configuration that we set. */
export interface SdkClientConfig {
  readonly requestHandler: SdkRequestHandler
  readonly maxAttempts: 1
  readonly retryMode: 'standard'
  readonly logger: typeof silentSdkLogger
  readonly region?: string
  readonly endpoint?: string
  readonly credentials?: SdkCredentials
}

/** A client made at its first call and destroyed once. */
export class LazySdkClient<C extends { destroy(): void }> {
  readonly #make: () => C
  #client: C | undefined
  #closed = false

  constructor(
    Client: new (config: SdkClientConfig) => C,
    options: ResolvedAwsClientOptions,
    maxSockets: number,
    prepare?: (client: C) => void,
  ) {
    this.#make = () => {
      const client = withoutNodeVersionWarning(() => new Client(clientConfig(options, maxSockets)))
      prepare?.(client)
      return client
    }
  }

  /** @throws ServiceError of kind `aborted` after close() */
  get(operation: string): C {
    if (this.#closed) {
      throw new ServiceError(operation, 'ClientClosed', 'the AWS client was closed', {
        kind: 'aborted',
        hint: 'Close the AWS client after the producers and consumers that use it.',
      })
    }
    this.#client ??= this.#make()
    return this.#client
  }

  /** Ends the calls in flight (kind `network`) and lets go of the sockets. */
  close(): void {
    this.#closed = true
    this.#client?.destroy()
    this.#client = undefined
  }
}

function clientConfig(options: ResolvedAwsClientOptions, maxSockets: number): SdkClientConfig {
  return {
    requestHandler:
      (options.requestHandler as SdkRequestHandler | undefined) ??
      createHttpHandler({ ...options, maxSockets }),
    // Retries are decided above the port; a second layer would multiply them. AWS_RETRY_MODE could
    // still ask for the adaptive mode, which holds calls back after a throttle.
    maxAttempts: 1,
    retryMode: 'standard',
    logger: silentSdkLogger,
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined
      ? {}
      : { credentials: checked(options.credentials) as SdkCredentials }),
  }
}

/** The SDK trips over what a provider brings if that is no keys, far from the cause. */
function checked(credentials: AwsCredentialsOption): AwsCredentialsOption {
  if (typeof credentials !== 'function') return credentials
  // The SDK hands things on, such as its own region, to providers that ask for more.
  const provide: (...args: readonly unknown[]) => Promise<AwsCredentials> = credentials
  return async (...args: readonly unknown[]) => {
    const keys: Partial<AwsCredentials> | undefined = await provide(...args)
    if (keys?.accessKeyId && keys.secretAccessKey) return keys as AwsCredentials
    const error = new Error('the credentials provider brought no keys')
    error.name = 'CredentialsProviderError'
    throw error
  }
}

const WARNING_SWITCH = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'

/** The SDK reads its switch while the first client is made, and warns at most once a process. */
function withoutNodeVersionWarning<T>(make: () => T): T {
  const before = process.env[WARNING_SWITCH]
  process.env[WARNING_SWITCH] = 'true'
  try {
    return make()
  } finally {
    if (before === undefined) delete process.env[WARNING_SWITCH]
    else process.env[WARNING_SWITCH] = before
  }
}
