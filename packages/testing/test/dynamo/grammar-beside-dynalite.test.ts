/** Expressions with a word too many, too few or astray: dynalite and the simulator refuse the same. */
import assert from 'node:assert/strict'
import { type DynamoPort, type dynamo, dynamoFromSdk, isServiceError } from '@millrace/core'
import { SimulatedDynamo, startLocalKinesis } from '@millrace/testing'
import fc from 'fast-check'

const TableName = 'grammar'
const ITEM: dynamo.Item = {
  leaseKey: { S: 'k' },
  leaseOwner: { N: '1' },
  leaseCounter: { N: '1' },
  checkpointOwner: { N: '1' },
  data: { N: '1' },
}
const RUNS = 400
const SEED = 20_261_125

const CONDITIONS = [
  'leaseCounter = :v AND attribute_not_exists(checkpointOwner)',
  'attribute_exists(leaseKey) AND leaseOwner = :v',
  'NOT ( leaseOwner = :v OR leaseCounter > :v ) AND attribute_exists(#d)',
  'leaseCounter BETWEEN :v AND :v OR leaseOwner IN ( :v , :v )',
  'contains(#d, :v) AND NOT leaseOwner <> :v',
]
const UPDATES = [
  'SET leaseOwner = :v , leaseCounter = leaseCounter + :v REMOVE checkpointOwner',
  'SET #d = if_not_exists(#d, :v) ADD leaseCounter :v',
  'REMOVE leaseOwner , checkpointOwner ADD leaseCounter :v',
]
/** What comes into the place of a word, or before it. */
const ASTRAY = [
  '',
  'AND',
  'OR',
  '(',
  ')',
  ',',
  '=',
  '<',
  '+',
  ':v',
  '#d',
  'leaseOwner',
  'SET',
  '.',
  '!',
]

/** Reviewed: what the simulator refuses and dynalite takes. */
const STRICTER: readonly (readonly [RegExp, string])[] = [
  [/:v (=|<|<>|>) :v/, 'two equal values compared: nobody means that'],
  [/= ?\( ?|[+] \(/, 'brackets in SET: nothing we or KCL send has them, and it reads only that'],
]

interface Request {
  readonly condition: string | undefined
  readonly update: string
}

const slipped = (texts: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...texts), fc.nat(30), fc.constantFrom(...ASTRAY), fc.boolean())
    .map(([text, place, word, keeps]) => {
      const words = text.split(' ')
      const at = place % words.length
      return words.toSpliced(at, keeps ? 0 : 1, word).join(' ')
    })

const request: fc.Arbitrary<Request> = fc.oneof(
  slipped(CONDITIONS).map((condition) => ({ condition, update: 'REMOVE checkpointOwner' })),
  slipped(UPDATES).map((update) => ({ condition: undefined, update })),
)

/** Refused as invalid, or read. */
async function verdict(port: DynamoPort, { condition, update }: Request): Promise<string> {
  const text = `${condition ?? ''} ${update}`
  // dynalite falls over when it compares with an attribute that is absent: all are there.
  await port.putItem({ TableName, Item: ITEM })
  const input: dynamo.UpdateItemInput = {
    TableName,
    Key: { leaseKey: { S: 'k' } },
    UpdateExpression: update,
    ...(condition === undefined ? {} : { ConditionExpression: condition }),
    ...(/#d\b/.test(text) ? { ExpressionAttributeNames: { '#d': 'data' } } : {}),
    ...(/:v\b/.test(text) ? { ExpressionAttributeValues: { ':v': { N: '1' } } } : {}),
  }
  try {
    await port.updateItem(input)
    return 'taken'
  } catch (cause) {
    assert.ok(isServiceError(cause), String(cause))
    return cause.kind === 'condition-failed' ? 'taken' : cause.kind
  }
}

describe('The grammar of SimulatedDynamo beside that of dynalite', () => {
  it('takes and refuses the same texts', async () => {
    const local = await startLocalKinesis()
    const dynalite = dynamoFromSdk({
      endpoint: local.dynamodbUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    })
    const simulated = new SimulatedDynamo()
    const verdicts: Record<string, number> = {}
    try {
      for (const port of [simulated, dynalite]) await createTable(port)
      for (const one of fc.sample(request, { numRuns: RUNS, seed: SEED })) {
        const ours = await verdict(simulated, one)
        const theirs = await verdict(dynalite, one)
        const text = `${one.condition ?? ''} ${one.update}`
        const stricter = ours === 'invalid' && STRICTER.some(([pattern]) => pattern.test(text))
        if (!stricter) assert.equal(ours, theirs, JSON.stringify(one))
        verdicts[ours] = (verdicts[ours] ?? 0) + 1
      }
    } finally {
      dynalite.close()
      await local.close()
    }
    assert.ok(
      (verdicts['taken'] ?? 0) > 20 && (verdicts['invalid'] ?? 0) > 100,
      JSON.stringify(verdicts),
    )
  })
})

async function createTable(port: DynamoPort): Promise<void> {
  await port.createTable({
    TableName,
    AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  })
  for (;;) {
    const { Table } = await port.describeTable({ TableName })
    if (Table.TableStatus === 'ACTIVE') return
  }
}
