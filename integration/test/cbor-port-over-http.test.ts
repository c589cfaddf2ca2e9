/** The ports' judge, over the wire in CBOR: the door to others, and our adapter, also where it is refused. */
import assert from 'node:assert/strict'
import { kinesisOverCbor } from '@millrace/core'
import { startLocalKinesis } from '@millrace/testing'
import { type KinesisDoorSetUp, kinesisPortConformance } from '@millrace/testing/conformance'
import { CborRefusingProxy } from './cbor-refusing-proxy.ts'
import { javaLikeClient } from './java-like-client.ts'

const suite = { describe, it, before, after }
const account = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}

const inCbor: KinesisDoorSetUp = async (settings) => {
  const local = await startLocalKinesis(settings)
  const port = kinesisOverCbor({ ...account, endpoint: local.kinesisUrl })
  return {
    port,
    tearDown: async () => {
      port.close()
      await local.close()
    },
  }
}

let refused = 0

const inJson: KinesisDoorSetUp = async (settings) => {
  const local = await startLocalKinesis(settings)
  const proxy = await CborRefusingProxy.open(local.kinesisUrl)
  const port = kinesisOverCbor({ ...account, endpoint: proxy.url })
  return {
    port,
    tearDown: async () => {
      port.close()
      refused += proxy.refused
      await proxy.close()
      await local.close()
    },
  }
}

kinesisPortConformance(
  'the HTTP door to a client that speaks as Java does',
  async (settings) => {
    const local = await startLocalKinesis(settings)
    return { port: javaLikeClient(local.kinesisUrl), tearDown: () => local.close() }
  },
  suite,
)

kinesisPortConformance('CBOR adapter over the HTTP door', inCbor, suite)

kinesisPortConformance('CBOR adapter where CBOR is refused', inJson, suite)

describe('CBOR adapter where CBOR was refused', () => {
  // Each group of tests has a client of its own; in the limits group 4 writes and 20 reads start at once.
  it('tried it with the first calls of a client, and not again', () => {
    assert.ok(refused >= 4 && refused <= 36, `refused ${refused} times`)
  })
})
