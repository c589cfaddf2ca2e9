/** The HTTP door: one port that speaks HTTP/1.1 and HTTP/2 with prior knowledge. */
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  constants,
  createServer as createHttp2,
  type Http2ServerRequest,
  Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import { createServer, type Server, type Socket } from 'node:net'
import { answerRequest, MAX_BODY_BYTES, type WireAnswer } from './answer.ts'
import { listen } from './listening.ts'
import { type KinesisService, kinesisProtocol } from './operations.ts'
import { sniffProtocol } from './protocol-sniffer.ts'
import type { WireProtocol } from './wire-protocol.ts'

type AnyRequest = IncomingMessage | Http2ServerRequest
type AnyResponse = ServerResponse | Http2ServerResponse

/** Large records must not wait for a window update every 64 KiB. */
const HTTP2_WINDOW_BYTES = 8 * 1024 * 1024

export class HttpDoor {
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()

  private constructor(service: KinesisService) {
    const protocol = kinesisProtocol(service)
    const serve = (request: AnyRequest, response: AnyResponse): void => {
      void serveRequest(protocol, request, response)
    }
    const http1 = createHttp1(serve)
    const http2 = createHttp2({ settings: { initialWindowSize: HTTP2_WINDOW_BYTES } }, serve)
    http2.on('session', (session: ServerHttp2Session) => {
      session.setLocalWindowSize(HTTP2_WINDOW_BYTES)
    })
    this.#listener = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      // A client that goes away in the middle is no failure of the door.
      socket.on('error', () => socket.destroy())
      sniffProtocol(socket, (protocol) => {
        const server = protocol === 'h2c' ? http2 : http1
        server.emit('connection', socket)
      })
    })
  }

  /** @throws InvalidOptionError when the port is taken */
  static async open(
    service: KinesisService,
    place: { readonly host: string; readonly port: number },
  ): Promise<{ readonly door: HttpDoor; readonly url: string }> {
    const door = new HttpDoor(service)
    return { door, url: await listen(door.#listener, 'port', place) }
  }

  /** Cuts every connection; calls under way get no answer. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#listener.close(() => resolve())
      for (const socket of this.#sockets) socket.destroy()
    })
  }
}

async function serveRequest(
  protocol: WireProtocol,
  request: AnyRequest,
  response: AnyResponse,
): Promise<void> {
  const body = await readBody(request)
  if (body === 'cut') return
  const answer = await answerRequest(protocol, {
    target: headerOf(request, 'x-amz-target'),
    contentType: headerOf(request, 'content-type'),
    authorization: headerOf(request, 'authorization'),
    body: body === 'too-large' ? undefined : body,
  })
  if ('lost' in answer) cut(response)
  else send(response, answer)
}

/** A body over the limit is read to its end and dropped: only then do clients read the answer. */
async function readBody(request: AnyRequest): Promise<Buffer | 'too-large' | 'cut'> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size <= MAX_BODY_BYTES) chunks.push(chunk)
      else chunks.length = 0
    }
  } catch {
    // The client went away before the end; nobody is left to answer.
    return 'cut'
  }
  return size > MAX_BODY_BYTES ? 'too-large' : Buffer.concat(chunks)
}

function headerOf(request: AnyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

function send(response: AnyResponse, answer: WireAnswer): void {
  // Written twice because the two classes have no common signature.
  if (response instanceof Http2ServerResponse) {
    response.writeHead(answer.statusCode, answer.headers)
    response.end(answer.body)
  } else {
    response.writeHead(answer.statusCode, answer.headers)
    response.end(answer.body)
  }
}

function cut(response: AnyResponse): void {
  if (response instanceof Http2ServerResponse) {
    response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  } else {
    response.socket?.destroy()
  }
}
