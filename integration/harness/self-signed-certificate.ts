/** A certificate for localhost that lives as long as a run: Node makes keys, but no certificates. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { nowMs } from '@millrace/core/internal'

/** Both in PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

const SEQUENCE = 0x30
const SET = 0x31
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const OBJECT_IDENTIFIER = 0x06
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
const BOOLEAN = 0x01
const NULL = tlv(0x05)
/** As the keys of AWS's own endpoints are, which decides what a handshake costs. */
const MODULUS_BITS = 2048
const HOUR_MS = 3_600_000

// Object identifiers, encoded: RFC 5280 and RFC 8017.
const SHA256_WITH_RSA = '2a864886f70d01010b'
const COMMON_NAME = '550403'
const BASIC_CONSTRAINTS = '551d13'
const SUBJECT_ALTERNATIVE_NAME = '551d11'

/** For `localhost` and 127.0.0.1, signed by itself, valid for a day around now. */
export function selfSignedCertificate(): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS })
  const algorithm = tlv(SEQUENCE, identifier(SHA256_WITH_RSA), NULL)
  const name = tlv(
    SEQUENCE,
    tlv(SET, tlv(SEQUENCE, identifier(COMMON_NAME), tlv(UTF8_STRING, Buffer.from('localhost')))),
  )
  const now = nowMs()
  const toBeSigned = tlv(
    SEQUENCE,
    tlv(contextTag(0), tlv(INTEGER, Buffer.from([2]))),
    tlv(INTEGER, Buffer.from([1])),
    algorithm,
    name,
    tlv(SEQUENCE, time(now - HOUR_MS), time(now + 23 * HOUR_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(contextTag(3), tlv(SEQUENCE, basicConstraints(), alternativeNames())),
  )
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', toBeSigned, privateKey)])
  const certificate = tlv(SEQUENCE, toBeSigned, algorithm, tlv(BIT_STRING, signature))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(certificate),
  }
}

/** It vouches for itself, so it has to be one that may. */
function basicConstraints(): Buffer {
  const isAuthority = tlv(SEQUENCE, tlv(BOOLEAN, Buffer.from([0xff])))
  return tlv(SEQUENCE, identifier(BASIC_CONSTRAINTS), tlv(OCTET_STRING, isAuthority))
}

function alternativeNames(): Buffer {
  const dnsName = tlv(0x82, Buffer.from('localhost'))
  const address = tlv(0x87, Buffer.from([127, 0, 0, 1]))
  const names = tlv(SEQUENCE, dnsName, address)
  return tlv(SEQUENCE, identifier(SUBJECT_ALTERNATIVE_NAME), tlv(OCTET_STRING, names))
}

function identifier(hex: string): Buffer {
  return tlv(OBJECT_IDENTIFIER, Buffer.from(hex, 'hex'))
}

/** YYMMDDHHMMSSZ. */
function time(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replace(/[^0-9]/g, '')
  return tlv(UTC_TIME, Buffer.from(`${digits.slice(2, 14)}Z`))
}

function contextTag(number: number): number {
  return 0xa0 + number
}

/** Tag, length, value: DER. */
function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), lengthOf(value), value])
}

function lengthOf(value: Buffer): Buffer {
  if (value.length < 0x80) return Buffer.from([value.length])
  const hex = value.length.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Buffer.from([0x80 + bytes.length]), bytes])
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
