import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { type HttpProtocol, protocolOf, sniffProtocol } from '../../src/http/protocol-sniffer.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

describe('protocolOf', () => {
  it('waits as long as the bytes may become the preface of HTTP/2', () => {
    for (let length = 0; length < PREFACE.length; length++) {
      assert.equal(protocolOf(Buffer.from(PREFACE.slice(0, length))), undefined)
    }
    assert.equal(protocolOf(Buffer.from(PREFACE)), 'h2c')
    assert.equal(protocolOf(Buffer.from(`${PREFACE}more`)), 'h2c')
  })

  for (const start of ['POST / HTTP/1.1', 'P', 'PUT', 'PRI * HTTP/1.1', '\u0016\u0003\u0001']) {
    it(`${start === 'P' ? 'cannot tell yet by' : 'takes for HTTP/1.1'} ${JSON.stringify(start)}`, () => {
      assert.equal(protocolOf(Buffer.from(start)), start === 'P' ? undefined : 'http/1.1')
    })
  }
})

describe('sniffProtocol', () => {
  let server: Server
  let client: Socket
  afterEach(() => {
    client.destroy()
    server.close()
  })

  it('leaves every byte in the socket, also when the preface comes byte by byte', async () => {
    const known = new Promise<{ protocol: HttpProtocol; socket: Socket }>((resolve) => {
      server = createServer((socket) => {
        sniffProtocol(socket, (protocol) => resolve({ protocol, socket }))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    client = connect({ port: (server.address() as AddressInfo).port, noDelay: true })
    for (const byte of PREFACE) {
      await new Promise((resolve) => client.write(byte, resolve))
    }
    const { protocol, socket } = await known
    assert.equal(protocol, 'h2c')
    assert.equal(String(socket.read()), PREFACE)
    socket.destroy()
  })
})
