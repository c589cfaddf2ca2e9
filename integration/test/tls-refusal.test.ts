/** A certificate that nobody vouches for ends the call; no option of ours lets it through. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kinesisFromSdk } from '@millrace/core'

describe('an endpoint with a self-signed certificate', () => {
  let folder: string
  let server: Server
  let requests = 0

  before(async function () {
    folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
    const key = join(folder, 'key.pem')
    const cert = join(folder, 'cert.pem')
    const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout ${key} -out ${cert}`
    try {
      execFileSync('openssl', request.split(' '), { stdio: 'ignore' })
    } catch {
      this.skip()
    }
    server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
      requests++
      response.end('{"Shards":[]}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  after(async () => {
    rmSync(folder, { recursive: true, force: true })
    if (server === undefined) return
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('is refused before a request is sent, with the reason', async () => {
    const { port } = server.address() as AddressInfo
    const kinesis = kinesisFromSdk({
      endpoint: `https://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    })
    try {
      await assert.rejects(kinesis.listShards({ StreamName: 's' }), {
        kind: 'network',
        awsName: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      })
      assert.equal(requests, 0)
    } finally {
      kinesis.close()
    }
  })
})
