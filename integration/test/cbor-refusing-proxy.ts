/** An HTTP server before another that knows no CBOR, as older emulators. */
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

export class CborRefusingProxy {
  readonly #server: Server
  /** Requests that came in CBOR, and were refused. */
  refused = 0

  private constructor(upstream: string) {
    this.#server = createServer((incoming, answer) => {
      if (String(incoming.headers['content-type']).includes('cbor')) this.#refuse(incoming, answer)
      else forward(upstream, incoming, answer)
    })
  }

  static open(upstream: string): Promise<CborRefusingProxy> {
    const proxy = new CborRefusingProxy(upstream)
    return new Promise((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', () => resolve(proxy))
    })
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  #refuse(incoming: IncomingMessage, answer: ServerResponse): void {
    this.refused++
    incoming.resume().on('end', () => {
      answer.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
      answer.end('{"__type":"SerializationException"}')
    })
  }
}

function forward(upstream: string, incoming: IncomingMessage, answer: ServerResponse): void {
  const { method, headers, url } = incoming
  const outgoing = request(new URL(url ?? '/', upstream), { method, headers }, (answered) => {
    answer.writeHead(answered.statusCode ?? 502, answered.headers)
    answered.pipe(answer)
  })
  outgoing.on('error', () => answer.destroy())
  incoming.pipe(outgoing)
}
