/** HOT: the body of an answer in one piece, which nobody else has: each byte is copied once. */
import { Readable } from 'node:stream'
import { isUint8Array } from 'node:util/types'
import type { KinesisClient } from '@aws-sdk/client-kinesis'

/** More than any answer has; a length beyond it is not believed before its bytes are there. */
const MOST_EXPECTED_BYTES = 32 * 1024 * 1024

/** @param contentLength header of the answer */
export async function wholeBody(
  config: Pick<KinesisClient['config'], 'streamCollector'>,
  body: unknown,
  contentLength: string | undefined,
): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0)
  const length = Number(contentLength ?? Number.NaN)
  if (body instanceof Readable && length > 0 && length <= MOST_EXPECTED_BYTES) {
    return await read(body, length)
  }
  const bytes = isUint8Array(body) ? body : await config.streamCollector(body)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Rejects with what the stream fails with. */
function read(stream: Readable, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const whole = Buffer.allocUnsafeSlow(length)
    let at = 0
    stream.on('data', (chunk: Buffer) => {
      if (at + chunk.length > length) stream.destroy(new Error('the answer is longer than it said'))
      else at += chunk.copy(whole, at)
    })
    stream.on('end', () => resolve(whole.subarray(0, at)))
    stream.on('error', reject)
    // After an end or an error this changes nothing.
    stream.on('close', () => reject(new Error('the answer ended early')))
  })
}
