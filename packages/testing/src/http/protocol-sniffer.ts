/** Tells HTTP/2 with prior knowledge from HTTP/1.1 by the first bytes of a connection. */
import type { Socket } from 'node:net'

export type HttpProtocol = 'http/1.1' | 'h2c'

/** Every HTTP/2 client begins with this; no HTTP/1.1 request can. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Calls back once it is known, with every byte still to be read from the socket. */
export function sniffProtocol(socket: Socket, onKnown: (protocol: HttpProtocol) => void): void {
  let seen: Buffer = Buffer.alloc(0)
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const protocol = protocolOf(seen)
    if (protocol === undefined) return
    socket.off('readable', onReadable)
    socket.unshift(seen)
    onKnown(protocol)
  }
  socket.on('readable', onReadable)
}

/** Undefined while the bytes could still become either. */
export function protocolOf(firstBytes: Buffer): HttpProtocol | undefined {
  const length = Math.min(firstBytes.length, PREFACE.length)
  if (!firstBytes.subarray(0, length).equals(PREFACE.subarray(0, length))) return 'http/1.1'
  return length === PREFACE.length ? 'h2c' : undefined
}
