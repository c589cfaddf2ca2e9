/** Signature Version 4 from its definition, beside the SDK's signer: does a request verify? */
import { createHash, createHmac } from 'node:crypto'
import type { SeenRequest } from './scripted-server.ts'

export interface SignatureView {
  readonly isValid: boolean
  readonly accessKeyId: string
  readonly region: string
  readonly service: string
  readonly signedAtMs: number
  readonly signedHeaders: readonly string[]
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/

/** @param path of the request, as it was sent */
export function checkSignature(
  { headers, bytes }: SeenRequest,
  secretAccessKey: string,
  path = '/',
): SignatureView {
  const match = AUTHORIZATION.exec(String(headers.authorization))
  if (match === null) throw new Error(`no signature: ${headers.authorization}`)
  const [, accessKeyId = '', day = '', region = '', service = '', names = '', signature] = match
  const signedAt = String(headers['x-amz-date'])
  const signedHeaders = names.split(';')
  const canonical = [
    'POST',
    path,
    '',
    ...signedHeaders.map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names,
    sha256(bytes),
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', signedAt, scope, sha256(canonical)].join('\n')
  let key: string | Buffer = `AWS4${secretAccessKey}`
  for (const part of [day, region, service, 'aws4_request']) key = hmac(key, part)
  return {
    isValid: hmac(key, toSign).toString('hex') === signature,
    accessKeyId,
    region,
    service,
    signedAtMs: Date.parse(
      signedAt.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
    ),
    signedHeaders,
  }
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

function hmac(key: string | Buffer, content: string): Buffer {
  return createHmac('sha256', key).update(content).digest()
}
