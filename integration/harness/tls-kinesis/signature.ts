/** Signature Version 4, checked as the service does: a client that signs wrongly does less work. */
import { createHash, createHmac } from 'node:crypto'

export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=[^/]+\/([0-9]{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/

/** Undefined if the signature is right, else what is wrong. */
export function signatureFault(
  request: SignedRequest,
  secretAccessKey: string,
): string | undefined {
  const authorization = headerOf(request, 'authorization')
  const match = AUTHORIZATION.exec(authorization ?? '')
  if (match === null) return `no signature: ${authorization}`
  const [, day = '', region = '', service = '', signedHeaders = '', signature] = match
  const date = headerOf(request, 'x-amz-date') ?? ''
  const canonical = [
    request.method,
    request.path,
    '',
    ...signedHeaders.split(';').map((name) => `${name}:${headerOf(request, name)?.trim()}`),
    '',
    signedHeaders,
    sha256(request.body),
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = [ALGORITHM, date, scope, sha256(canonical)].join('\n')
  let key: Buffer | string = `AWS4${secretAccessKey}`
  for (const part of [day, region, service, 'aws4_request']) key = hmac(key, part)
  return hmac(key, toSign).toString('hex') === signature
    ? undefined
    : 'the signature does not match'
}

function headerOf({ headers }: SignedRequest, name: string): string | undefined {
  const value = headers[name] ?? (name === 'host' ? headers[':authority'] : undefined)
  return Array.isArray(value) ? value.join(',') : value
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: Buffer | string, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}
