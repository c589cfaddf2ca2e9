import assert from 'node:assert/strict'
import { kinesisFromSdk } from '../../src/adapters/sdk-kinesis.ts'
import type { AwsCredentials } from '../../src/adapters/sdk-options.ts'
import { nowMs } from '../../src/time.ts'
import { CborRig, PUT, rejection, reply, STORED } from './cbor-rig.ts'
import { TEST_CREDENTIALS } from './scripted-server.ts'
import { checkSignature } from './signature-check.ts'

describe('kinesisOverCbor', () => {
  let rig: CborRig
  beforeEach(async () => {
    rig = new CborRig()
    await rig.setUp()
  })
  afterEach(() => rig.tearDown())

  describe('signature', () => {
    it('verifies, over all headers that the SDK signs', async () => {
      await rig.open({ endpoint: `${rig.server.url}/some/path` }).putRecords(PUT)
      const [request] = rig.server.requests
      assert.ok(request)
      const view = checkSignature(request, TEST_CREDENTIALS.secretAccessKey, '/some/path/')
      assert.ok(view.isValid)
      assert.equal(view.accessKeyId, TEST_CREDENTIALS.accessKeyId)
      assert.deepEqual([view.region, view.service], ['eu-west-3', 'kinesis'])
      assert.deepEqual(
        [...view.signedHeaders],
        [
          'content-length',
          'content-type',
          'host',
          'x-amz-content-sha256',
          'x-amz-date',
          'x-amz-target',
        ],
      )
      assert.match(String(request.headers['user-agent']), /^aws-sdk-js\/[\d.]+ .*api\/Kinesis/i)
    })

    it('covers what the SDK adapter signs, with the same scope, for the same call', async () => {
      rig.server.json(200, STORED)
      await rig.open({}, kinesisFromSdk).putRecords(PUT)
      await rig.open().putRecords(PUT)
      const [sdk, ours] = rig.server.requests.map((request) =>
        checkSignature(request, TEST_CREDENTIALS.secretAccessKey),
      )
      assert.ok(sdk?.isValid && ours?.isValid)
      const own = ['amz-sdk-invocation-id', 'amz-sdk-request', 'x-amz-user-agent']
      assert.deepEqual(
        sdk.signedHeaders.filter((name) => !own.includes(name)),
        ours.signedHeaders,
      )
      assert.deepEqual([sdk.region, sdk.service], [ours.region, ours.service])
    })

    it('is made for whatever the records hold', async () => {
      const kinesis = rig.open()
      for (const bytes of [0, 1, 200_000]) {
        await kinesis.putRecords({
          StreamName: 's',
          Records: [{ Data: Buffer.alloc(bytes, bytes), PartitionKey: 'é€😀' }],
        })
      }
      for (const request of rig.server.requests) {
        assert.ok(checkSignature(request, TEST_CREDENTIALS.secretAccessKey).isValid)
      }
    })

    it('carries the session token', async () => {
      await rig
        .open({ credentials: { ...TEST_CREDENTIALS, sessionToken: 'token' } })
        .putRecords(PUT)
      const [request] = rig.server.requests
      assert.ok(request && checkSignature(request, TEST_CREDENTIALS.secretAccessKey).isValid)
      assert.equal(request.headers['x-amz-security-token'], 'token')
    })
  })

  describe('credentials', () => {
    const keys = (generation: number, expiresInMs?: number): AwsCredentials => ({
      accessKeyId: `key-${generation}`,
      secretAccessKey: 'secret',
      sessionToken: `token-${generation}`,
      ...(expiresInMs === undefined ? {} : { expiration: new Date(nowMs() + expiresInMs) }),
    })

    it('are asked for again when they are about to expire', async () => {
      let generation = 0
      const kinesis = rig.open({ credentials: async () => keys(++generation, 1000) })
      await kinesis.putRecords(PUT)
      await kinesis.putRecords(PUT)
      const tokens = rig.server.requests.map((request) => request.headers['x-amz-security-token'])
      assert.equal(new Set(tokens).size, 2, String(tokens))
    })

    it('are asked for once while they hold', async () => {
      let generation = 0
      const kinesis = rig.open({ credentials: async () => keys(++generation, 3_600_000) })
      await Promise.all(Array.from({ length: 5 }, () => kinesis.putRecords(PUT)))
      assert.equal(generation, 1)
    })

    it('are refreshed when the service holds the token expired, within the call', async () => {
      let generation = 0
      const kinesis = rig.open({ credentials: async () => keys(++generation, 3_600_000) })
      rig.answerWith((request) =>
        request.headers['x-amz-security-token'] === 'token-1'
          ? reply(400, { __type: 'ExpiredTokenException', message: 'expired' })
          : reply(200, STORED),
      )
      assert.equal((await kinesis.putRecords(PUT)).Records.length, 1)
      assert.equal(rig.server.requests.length, 2)
    })

    it('that cannot be refreshed leave the refusal as it is', async () => {
      rig.answerWith(() => reply(400, { __type: 'ExpiredTokenException', message: 'expired' }))
      for (const [credentials, asked] of [
        [keys(1), 1],
        [async () => keys(1, 3_600_000), 1],
      ] as const) {
        rig.server.requests.length = 0
        const error = await rejection(rig.open({ credentials }).putRecords(PUT))
        assert.equal(error.kind, 'expired-credentials')
        assert.equal(rig.server.requests.length, asked)
      }
    })

    it('whose provider fails while refreshing leave the refusal as it is', async () => {
      let asked = 0
      const credentials = async (): Promise<AwsCredentials> => {
        if (++asked > 1) throw new Error('the role is gone')
        return keys(1, 3_600_000)
      }
      rig.answerWith(() => reply(400, { __type: 'ExpiredTokenException', message: 'expired' }))
      const error = await rejection(rig.open({ credentials }).putRecords(PUT))
      assert.equal(error.awsName, 'ExpiredTokenException')
    })

    it('that are new each time and never good do not go on for ever', async () => {
      let generation = 0
      rig.answerWith(() => reply(400, { __type: 'ExpiredTokenException', message: 'expired' }))
      await rejection(
        rig.open({ credentials: async () => keys(++generation, 3_600_000) }).putRecords(PUT),
      )
      assert.ok(rig.server.requests.length <= 4, `${rig.server.requests.length} requests`)
    })
  })

  describe('a wrong clock', () => {
    const HOUR_MS = 3_600_000
    const tooOld = { __type: 'InvalidSignatureException', message: 'Signature expired: x is now y' }

    /** A service whose clock is ahead of ours, and which minds. */
    function serviceAhead(aheadMs: number): void {
      rig.answerWith((request) => {
        const date = new Date(nowMs() + aheadMs).toUTCString()
        const { signedAtMs } = checkSignature(request, TEST_CREDENTIALS.secretAccessKey)
        const isInTime = Math.abs(signedAtMs - nowMs() - aheadMs) < 300_000
        return isInTime ? reply(200, STORED, { date }) : reply(400, tooOld, { date })
      })
    }

    for (const aheadMs of [HOUR_MS, -HOUR_MS]) {
      it(`is corrected within the call when the service is ${aheadMs} ms ahead`, async () => {
        serviceAhead(aheadMs)
        const kinesis = rig.open()
        await kinesis.putRecords(PUT)
        assert.equal(rig.server.requests.length, 2)
        await kinesis.putRecords(PUT)
        assert.equal(rig.server.requests.length, 3)
      })
    }

    it('is corrected for calls that were under way together', async () => {
      serviceAhead(HOUR_MS)
      const kinesis = rig.open()
      await Promise.all(Array.from({ length: 4 }, () => kinesis.putRecords(PUT)))
      assert.ok(rig.server.requests.length <= 8)
    })

    it('is followed back when it is set right', async () => {
      serviceAhead(HOUR_MS)
      const kinesis = rig.open()
      await kinesis.putRecords(PUT)
      serviceAhead(0)
      await kinesis.putRecords(PUT)
      const { length } = rig.server.requests
      await kinesis.putRecords(PUT)
      assert.equal(rig.server.requests.length, length + 1)
    })

    it('is not held for a wrong key: that is refused at once', async () => {
      rig.answerWith(() =>
        reply(400, { __type: 'InvalidSignatureException', message: 'does not match' }),
      )
      const error = await rejection(rig.open().putRecords(PUT))
      assert.equal(error.kind, 'denied')
      assert.equal(rig.server.requests.length, 1)
    })
  })
})
