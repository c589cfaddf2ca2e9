/**
 * One pool of HTTP/1.1 keep-alive sockets. The SDK's own Kinesis handler opens a TLS connection
 * for every call, and its time-outs only log; here sockets are kept and time-outs throw.
 */
import { NoOpLogger } from '@smithy/core/client'
import { NodeHttpHandler } from '@smithy/node-http-handler'

export interface HttpHandlerOptions {
  readonly maxSockets: number
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly socketTimeoutMs: number
}

/**
 * The SDK's warnings about full pools go nowhere: pool size is ours to judge. Of the SDK's own kind,
 * because for any other it copies each answer, record by record, to blot out what is secret; but not
 * that kind itself, in whose place the SDK writes to the console.
 */
class SilentSdkLogger extends NoOpLogger {}

export const silentSdkLogger: NoOpLogger = new SilentSdkLogger()

export function createHttpHandler(options: HttpHandlerOptions): NodeHttpHandler {
  const agent = { keepAlive: true, maxSockets: options.maxSockets }
  return new NodeHttpHandler({
    httpAgent: agent,
    httpsAgent: { ...agent, minVersion: 'TLSv1.2' },
    connectionTimeout: options.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    socketTimeout: options.socketTimeoutMs,
    throwOnRequestTimeout: true,
    logger: silentSdkLogger,
  })
}
