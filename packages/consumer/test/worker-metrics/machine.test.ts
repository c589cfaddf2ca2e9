import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { factsOf, textOf, thisMachine } from '../../src/worker-metrics/machine.ts'
import { FakeMachine, POD_FILES, POD_TOKEN } from './fake-machine.ts'

describe('factsOf', () => {
  it('tells ECS by its newest address', () => {
    const v3 = { ECS_CONTAINER_METADATA_URI: 'http://169.254.170.2/v3/1' }
    const v4 = { ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/1' }
    assert.equal(factsOf(new FakeMachine({})).ecsMetadataUri, undefined)
    assert.equal(factsOf(new FakeMachine({}, v3)).ecsMetadataUri, 'http://169.254.170.2/v3/1')
    assert.equal(
      factsOf(new FakeMachine({}, { ...v3, ...v4 })).ecsMetadataUri,
      'http://169.254.170.2/v4/1',
    )
  })

  it('tells a pod by a token that it does not read', () => {
    const machine = new FakeMachine({ ...POD_FILES })
    assert.ok(factsOf(machine).isKubernetes)
    assert.ok(!machine.asked.includes(POD_TOKEN))
    assert.ok(!factsOf(new FakeMachine({})).isKubernetes)
  })

  it('tells EC2 by its firmware, without a request', () => {
    const machine = new FakeMachine({ '/sys/devices/virtual/dmi/id/bios_version': '4.2.amazon\n' })
    assert.ok(factsOf(machine).isEc2)
    assert.deepEqual(machine.requests, [])
  })
})

describe('thisMachine', () => {
  let server: Server
  let root: string
  const { signal } = new AbortController()

  before(async () => {
    server = createServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { Location: '/stats' }).end()
      else if (request.url === '/stats') response.end('{}')
      else if (request.url !== '/silent') response.writeHead(404).end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  after(() => {
    server.closeAllConnections()
    server.close()
  })

  it('reads files, and says undefined of what is not there', () => {
    assert.match(textOf(thisMachine, new URL(import.meta.url).pathname) ?? '', /thisMachine/)
    assert.equal(textOf(thisMachine, '/nowhere/at/all'), undefined)
    assert.ok(!thisMachine.exists('/nowhere/at/all'))
  })

  it('fetches a text, follows no redirect and takes no error page for one', async () => {
    assert.equal(await thisMachine.fetchText(`${root}/stats`, signal), '{}')
    await assert.rejects(thisMachine.fetchText(`${root}/moved`, signal))
    await assert.rejects(thisMachine.fetchText(`${root}/absent`, signal), /answered 404/)
  })

  it('gives a request up when told to', async () => {
    const abort = new AbortController()
    const request = thisMachine.fetchText(`${root}/silent`, abort.signal)
    const reason = new Error('told to')
    abort.abort(reason)
    await assert.rejects(request, (cause) => cause === reason)
  })
})
