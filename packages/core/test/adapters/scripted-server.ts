/** A server for adapter tests: it answers what the test says and counts its sockets. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface SeenRequest {
  readonly target: string
  readonly body: string
  readonly bytes: Buffer
  readonly headers: IncomingMessage['headers']
}

export class ScriptedServer {
  readonly #server: Server
  readonly sockets: Set<Socket> = new Set()
  readonly requests: SeenRequest[] = []
  answer: (request: SeenRequest, response: ServerResponse) => void = (_request, response) => {
    response.end('{}')
  }
  url = ''

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const seen: SeenRequest = {
          target: String(request.headers['x-amz-target']),
          body: bytes.toString(),
          bytes,
          headers: request.headers,
        }
        this.requests.push(seen)
        this.answer(seen, response)
      })
    })
    this.#server.on('connection', (socket) => this.sockets.add(socket))
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
        resolve()
      })
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  /** Answers every request with this JSON. */
  json(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.answer = (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...headers })
      response.end(JSON.stringify(body))
    }
  }

  /** Answers every request as AWS reports an error. */
  error(status: number, name: string, message: string, extra: object = {}): void {
    this.json(status, { __type: name, message, ...extra }, { 'x-amzn-requestid': 'request-1' })
  }
}

export const TEST_CREDENTIALS: { accessKeyId: string; secretAccessKey: string } = {
  accessKeyId: 'CANARY-KEY-ID',
  secretAccessKey: 'CANARY-SECRET',
}
