import assert from 'node:assert/strict'
import { kinesisOverCbor } from '../../src/adapters/cbor-kinesis.ts'
import { kinesisFromSdk } from '../../src/adapters/sdk-kinesis.ts'
import type { AwsClientOptions } from '../../src/adapters/sdk-options.ts'
import type { GetRecordsInput, PutRecordsInput } from '../../src/ports/kinesis.ts'
import { GET, PUT } from './cbor-rig.ts'
import { TEST_CREDENTIALS } from './scripted-server.ts'

const ARN = 'arn:aws:kinesis:eu-west-3:123456789012:stream/s'
const CHINESE_ARN = 'arn:aws-cn:kinesis:cn-north-1:123456789012:stream/s'

/** Where a request went, and as whom. */
interface Way {
  readonly url: string
  readonly host: unknown
  readonly scope: string | undefined
  readonly token: unknown
}

interface SdkRequest {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly headers: Record<string, string>
}

/** The way of one call, with no network at all. */
async function wayOf(
  factory: typeof kinesisFromSdk,
  options: AwsClientOptions,
  input: GetRecordsInput | PutRecordsInput,
): Promise<Way> {
  let way: Way | undefined
  const requestHandler = {
    handle: async (given: object) => {
      const { protocol, hostname, port, path, headers } = given as SdkRequest
      way = {
        url: `${protocol}//${hostname}:${port ?? ''}${path}`,
        host: headers['host'],
        scope: /Credential=(\S+),/.exec(headers['authorization'] ?? '')?.[1],
        token: headers['x-amz-security-token'],
      }
      const body = Buffer.from('{"FailedRecordCount":0,"Records":[]}')
      return { response: { statusCode: 200, headers: {}, body } }
    },
  }
  const kinesis = factory({ ...options, requestHandler: requestHandler as never })
  try {
    if ('ShardIterator' in input) await kinesis.getRecords(input)
    else await kinesis.putRecords(input)
  } finally {
    kinesis.close()
  }
  assert.ok(way)
  return way
}

async function withEnvironment<T>(
  given: Readonly<Record<string, string>>,
  run: () => Promise<T>,
): Promise<T> {
  const all = {
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    ...given,
  }
  const before = Object.keys(all).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, all)
  try {
    return await run()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

const KEYS = { credentials: TEST_CREDENTIALS }
const PARIS = { ...KEYS, region: 'eu-west-3' }
const BY_ARN = { StreamARN: ARN, Records: PUT.Records }

const CASES: readonly (readonly [
  what: string,
  expected: string,
  environment: Readonly<Record<string, string>>,
  options: AwsClientOptions,
  input?: GetRecordsInput | PutRecordsInput,
])[] = [
  ['the region', 'https://kinesis.eu-west-3.amazonaws.com:/', {}, PARIS],
  [
    'the account of the stream',
    'https://123456789012.data-kinesis.eu-west-3.amazonaws.com:/',
    {},
    PARIS,
    BY_ARN,
  ],
  [
    'the account of the stream that is read',
    'https://123456789012.data-kinesis.eu-west-3.amazonaws.com:/',
    {},
    PARIS,
    { ShardIterator: 'AAAA', StreamARN: ARN },
  ],
  ['the region, to read', 'https://kinesis.eu-west-3.amazonaws.com:/', {}, PARIS, GET],
  [
    'another partition',
    'https://123456789012.data-kinesis.cn-north-1.amazonaws.com.cn:/',
    {},
    { ...KEYS, region: 'cn-north-1' },
    { ...BY_ARN, StreamARN: CHINESE_ARN },
  ],
  ['AWS_REGION', 'https://kinesis.eu-north-1.amazonaws.com:/', { AWS_REGION: 'eu-north-1' }, KEYS],
  [
    'AWS_USE_FIPS_ENDPOINT',
    'https://kinesis-fips.us-east-1.amazonaws.com:/',
    { AWS_USE_FIPS_ENDPOINT: 'true' },
    { ...KEYS, region: 'us-east-1' },
  ],
  [
    'AWS_USE_DUALSTACK_ENDPOINT',
    'https://kinesis.eu-west-3.api.aws:/',
    { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
    PARIS,
  ],
  [
    'AWS_ENDPOINT_URL_KINESIS',
    'http://127.0.0.1:4567/base/',
    { AWS_ENDPOINT_URL_KINESIS: 'http://127.0.0.1:4567/base' },
    PARIS,
  ],
  [
    'the endpoint option before the account of the stream',
    'https://localhost:4567/',
    {},
    { ...PARIS, endpoint: 'https://localhost:4567' },
    BY_ARN,
  ],
  [
    'an address of IP version 6',
    'http://[::1]:4567/',
    {},
    { ...PARIS, endpoint: 'http://[::1]:4567' },
  ],
  [
    'keys of the environment',
    'https://kinesis.eu-west-3.amazonaws.com:/',
    {
      AWS_ACCESS_KEY_ID: 'environment-key',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'environment-token',
    },
    { region: 'eu-west-3' },
  ],
]

describe('kinesisOverCbor', () => {
  for (const [what, expected, environment, options, input = PUT] of CASES) {
    it(`goes the way of the SDK adapter by ${what}`, async () => {
      const [ours, sdk] = await withEnvironment(environment, async () => [
        await wayOf(kinesisOverCbor, options, input),
        await wayOf(kinesisFromSdk, options, input),
      ])
      assert.deepEqual(ours, sdk)
      assert.equal(ours?.url, expected)
    })
  }
})
