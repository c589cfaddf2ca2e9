/**
 * Signs requests of data operations with what an SDK client has: its signer, credential chain, endpoint
 * rules and its measure of how wrong our clock is. Cost: about 0.1 ms a request, hashing apart.
 */
import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { getEndpointFromInstructions } from '@smithy/core/endpoints'
import { HttpRequest } from '@smithy/core/protocols'
import { nowMs } from '../time.ts'
import type { AwsAnswerError, HttpAnswer } from './aws-answer.ts'
import { clockOffsetMs, isClearlyOff } from './clock-offset.ts'
import type { DataOperation } from './data-operation.ts'

type SdkConfig = KinesisClient['config']
type SdkSigner = Awaited<ReturnType<SdkConfig['signer']>>
type AuthScheme = Parameters<SdkConfig['signer']>[0]

/** Where a request goes, by the SDK's rules for region, account, FIPS, dual stack and overrides. */
export type Endpoint = Awaited<ReturnType<typeof getEndpointFromInstructions>>

export interface SignedRequest {
  readonly request: HttpRequest
  /** What was added to our clock for the signature. */
  readonly clockOffsetMs: number
}

const TARGET_PREFIX = 'Kinesis_20131202.'

export class RequestSigning {
  readonly #config: SdkConfig
  /** The SDK makes a signer a request; kept here, one is good for all of a scope. */
  readonly #signers = new Map<string, Promise<SdkSigner>>()
  #userAgent: Promise<string> | undefined

  constructor(config: SdkConfig) {
    this.#config = config
  }

  endpointFor<I extends object>(
    { command }: DataOperation<I, unknown>,
    input: I,
  ): Promise<Endpoint> {
    return getEndpointFromInstructions(input as never, command, this.#config)
  }

  async sign(
    operation: string,
    endpoint: Endpoint,
    contentType: string,
    body: Buffer,
  ): Promise<SignedRequest> {
    const request = requestTo(endpoint, body)
    request.headers['content-type'] = contentType
    request.headers['content-length'] = String(body.length)
    request.headers['x-amz-target'] = TARGET_PREFIX + operation
    this.#userAgent ??= userAgentOf(this.#config)
    request.headers['user-agent'] = await this.#userAgent
    this.#addHost(request)
    const signer = await this.#signerFor(endpoint)
    const offsetMs = (await this.#isClockTrusted()) ? 0 : this.#config.systemClockOffset
    const signed = await signer.sign(request, { signingDate: new Date(nowMs() + offsetMs) })
    return { request: signed as HttpRequest, clockOffsetMs: offsetMs }
  }

  /** Learns from any answer how wrong our clock is. */
  noteClock(headers: HttpAnswer['headers']): void {
    const config = this.#config
    config.systemClockOffset = clockOffsetMs(headers, config.systemClockOffset, nowMs())
  }

  /** @returns true when a refusal of the signature may not come again: sign anew, and send */
  async mend(error: AwsAnswerError, refused: SignedRequest): Promise<boolean> {
    if (CLOCK_NAMES.has(error.name)) {
      const isWrong = isClearlyOff(refused.clockOffsetMs, this.#config.systemClockOffset)
      return isWrong && !(await this.#isClockTrusted())
    }
    if (!TOKEN_NAMES.has(error.name)) return false
    const used = refused.request.headers['x-amz-security-token']
    try {
      // Another call may have had them refreshed meanwhile.
      if ((await this.#config.credentials()).sessionToken !== used) return true
      return (await this.#config.credentials({ forceRefresh: true })).sessionToken !== used
    } catch {
      // The refusal tells more than a provider that is down as well.
      return false
    }
  }

  /** Set by the environment or the shared config file: the clock is right, come what may. */
  async #isClockTrusted(): Promise<boolean> {
    return (await this.#config.disableClockSkewCorrection()) === true
  }

  #signerFor(endpoint: Endpoint): Promise<SdkSigner> {
    const scheme = (endpoint.properties?.['authSchemes'] as AuthScheme[] | undefined)?.[0]
    const scope = scheme === undefined ? '' : `${scheme.signingName} ${scheme.signingRegion}`
    let signer = this.#signers.get(scope)
    if (signer === undefined) {
      signer = this.#config.signer(scheme)
      this.#signers.set(scope, signer)
      // A region that cannot be read now may be there for the next call.
      signer.catch(() => this.#signers.delete(scope))
    }
    return signer
  }

  #addHost(request: HttpRequest): void {
    const host = request.hostname + (request.port === undefined ? '' : `:${request.port}`)
    const isHttp2 = this.#config.requestHandler.metadata?.handlerProtocol.includes('h2') === true
    request.headers[isHttp2 ? ':authority' : 'host'] = host
  }
}

/** Refusals that a wrong clock may be the reason of. */
const CLOCK_NAMES: ReadonlySet<string> = new Set([
  'InvalidSignatureException',
  'RequestExpired',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'AuthFailure',
])
const TOKEN_NAMES: ReadonlySet<string> = new Set(['ExpiredTokenException', 'ExpiredToken'])

function requestTo({ url, headers }: Endpoint, body: Buffer): HttpRequest {
  const { protocol, hostname, port, pathname, searchParams, username, password } = url
  return new HttpRequest({
    method: 'POST',
    protocol,
    hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    path: pathname.endsWith('/') ? pathname : `${pathname}/`,
    query: Object.fromEntries(searchParams),
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, values]) => [name, values.join(', ')]),
    ),
    body,
  })
}

/** As the SDK spells it: `os/linux#6.1 lang/js`. */
async function userAgentOf(config: SdkConfig): Promise<string> {
  const sections = await config.defaultUserAgentProvider()
  const appId = await config.userAgentAppId()
  return [...sections, ...(appId ? [['app', appId] as const] : [])]
    .map(([name, version]) => sectionOf(name, version))
    .map((section) => section.replace(/[^\w!#$%&'*+\-.^`|~/]/g, '-'))
    .join(' ')
}

function sectionOf(name: string, version: string | undefined): string {
  if (version === undefined) return name
  return name.includes('/') ? `${name}#${version}` : `${name}/${version}`
}
