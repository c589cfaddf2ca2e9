/**
 * SimulatedDynamo beside dynalite, which others wrote: the same random commands, the same answers.
 * Kept out, because dynalite differs from the service there: conditions between two attributes,
 * equality of lists and maps, comparisons of what has no order, sums beyond 38 digits, and SET from
 * an attribute whose set the same update changes (it lets both attributes share that set).
 */
import assert from 'node:assert/strict'
import { type DynamoPort, type dynamo, dynamoFromSdk, isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { type LocalKinesis, SimulatedDynamo, startLocalKinesis } from '@millrace/testing'
import { comparableItem } from '@millrace/testing/conformance'
import fc from 'fast-check'

const INDEX = 'by-owner'
const SEED = 20260729
const RUNS = 12
const MAX_COMMANDS = 40

/** A call, made on both with the table's name filled in. */
type Command = (port: DynamoPort, TableName: string) => Promise<unknown>

interface Named {
  readonly text: string
  readonly run: Command
}

const id = fc.constantFrom('a', 'b', 'c')
const owner = fc.constantFrom('w1', 'w2')
/** `holder` is the index's key; the others may be of any type at any time. */
const name = fc.constantFrom('lives', 'label', 'tags', 'entries')
const number = fc.constantFrom('0', '1', '-1', '10', '9', '0.5', '1e2', '2.50', '-0.001')
const label = fc.constantFrom('', 'a', 'ab', 'abc', 'b', 'ü')
const bytes = fc.uint8Array({ maxLength: 3 })

const ordered: fc.Arbitrary<dynamo.AttributeValue> = fc.oneof(
  number.map((N) => ({ N })),
  label.map((S) => ({ S })),
  bytes.map((B) => ({ B })),
)
const setOf: fc.Arbitrary<dynamo.AttributeValue> = fc.oneof(
  fc.uniqueArray(label, { minLength: 1, maxLength: 3 }).map((SS) => ({ SS })),
  fc.subarray(['0', '1', '2.5', '-7'], { minLength: 1 }).map((NS) => ({ NS })),
)
const comparable: fc.Arbitrary<dynamo.AttributeValue> = fc.oneof(
  ordered,
  setOf,
  fc.boolean().map((BOOL) => ({ BOOL })),
)
const anyValue: fc.Arbitrary<dynamo.AttributeValue> = fc.oneof(
  comparable,
  fc.array(ordered, { maxLength: 2 }).map((L) => ({ L })),
  fc.record({ inner: ordered }).map((M) => ({ M })),
)
/** Mostly of the type that makes updates succeed, so that not all are refused. */
function mostly<T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: rare })
}
const count = number.map((N): dynamo.AttributeValue => ({ N }))
const tags = fc
  .uniqueArray(label, { minLength: 1, maxLength: 3 })
  .map((SS): dynamo.AttributeValue => ({ SS }))
const entries = fc.array(ordered, { maxLength: 2 }).map((L): dynamo.AttributeValue => ({ L }))
const item: fc.Arbitrary<dynamo.Item> = fc
  .tuple(
    id,
    fc.option(owner, { nil: undefined }),
    fc.record(
      {
        lives: mostly(count, anyValue),
        tags: mostly(tags, anyValue),
        entries: mostly(entries, anyValue),
        label: anyValue,
      },
      { requiredKeys: [] },
    ),
  )
  .map(([S, holder, rest]) => ({
    id: { S },
    ...(holder === undefined ? {} : { holder: { S: holder } }),
    ...rest,
  }))

/** An expression and its values, numbered so that several can stand in one request. */
interface Piece {
  readonly text: string
  readonly values: readonly dynamo.AttributeValue[]
}

const test: fc.Arbitrary<Piece> = fc.oneof(
  fc
    .tuple(name, fc.constantFrom('=', '<>'), comparable)
    .map(([on, comparator, value]) => ({ text: `${on} ${comparator} ?`, values: [value] })),
  fc
    .tuple(name, fc.constantFrom('<', '<=', '>', '>='), ordered)
    .map(([on, comparator, value]) => ({ text: `${on} ${comparator} ?`, values: [value] })),
  fc
    .tuple(
      fc.constantFrom('attribute_exists', 'attribute_not_exists'),
      fc.oneof(name, fc.constant('id')),
    )
    .map(([call, on]) => ({ text: `${call}(${on})`, values: [] })),
  fc.tuple(name, label).map(([on, S]) => ({ text: `begins_with(${on}, ?)`, values: [{ S }] })),
  fc.tuple(name, fc.uniqueArray(number, { minLength: 1, maxLength: 3 })).map(([on, choices]) => ({
    text: `${on} IN (${choices.map(() => '?').join(', ')})`,
    values: choices.map((N) => ({ N })),
  })),
  name.map((on) => ({ text: `${on} BETWEEN ? AND ?`, values: [{ N: '0' }, { N: '9.5' }] })),
  owner.map((S) => ({ text: 'holder = ?', values: [{ S }] })),
)
const condition: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 3, arbitrary: test },
  {
    weight: 1,
    arbitrary: fc
      .tuple(test, fc.constantFrom('AND', 'OR'), test, fc.boolean())
      .map(([left, link, right, negated]) => ({
        text: `${negated ? 'NOT ' : ''}(${left.text} ${link} ${right.text})`,
        values: [...left.values, ...right.values],
      })),
  },
)

/** One action of an update: its section, the attribute it changes, and what follows the name. */
interface Action extends Piece {
  readonly section: 'SET' | 'REMOVE' | 'ADD' | 'DELETE'
  readonly on: string
}

const newValue: fc.Arbitrary<Piece> = fc.oneof(
  anyValue.map((value) => ({ text: '?', values: [value] })),
  fc
    .tuple(mostly(fc.constant('lives'), name), fc.constantFrom('+', '-'), number)
    .map(([from, sign, N]) => ({ text: `${from} ${sign} ?`, values: [{ N }] })),
  name.map((from) => ({ text: from, values: [] })),
  fc
    .tuple(name, number)
    .map(([from, N]) => ({ text: `if_not_exists(${from}, ?)`, values: [{ N }] })),
  fc.tuple(mostly(fc.constant('entries'), name), entries).map(([from, list]) => ({
    text: `list_append(if_not_exists(${from}, ?), ?)`,
    values: [{ L: [] }, list],
  })),
)
const action: fc.Arbitrary<Action> = fc.oneof(
  fc
    .tuple(name, newValue)
    .map(([on, { text, values }]) => ({ section: 'SET' as const, on, text: `= ${text}`, values })),
  owner.map((S) => ({ section: 'SET' as const, on: 'holder', text: '= ?', values: [{ S }] })),
  fc
    .oneof(name, fc.constant('holder'))
    .map((on) => ({ section: 'REMOVE' as const, on, text: '', values: [] })),
  fc
    .tuple(mostly(fc.constant('lives'), name), count)
    .map(([on, value]) => ({ section: 'ADD' as const, on, text: '?', values: [value] })),
  fc
    .tuple(mostly(fc.constant('tags'), name), mostly(tags, setOf), fc.constantFrom('ADD', 'DELETE'))
    .map(([on, value, section]) => ({ section, on, text: '?', values: [value] })),
)
const update: fc.Arbitrary<Piece> = fc
  .uniqueArray(action, { minLength: 1, maxLength: 4, selector: ({ on }) => on })
  .map((actions) => {
    const read = actions.filter(({ section }) => section === 'SET').map(({ text }) => text)
    const kept = actions.filter(
      ({ section, on }) => section === 'SET' || !read.some((text) => text.includes(on)),
    )
    const sections = ['SET', 'REMOVE', 'ADD', 'DELETE'].map((section) =>
      kept.filter((one) => one.section === section),
    )
    return {
      text: sections
        .filter(([first]) => first !== undefined)
        .map(
          (of) =>
            `${of[0]?.section} ${of.map(({ on, text }) => `${on} ${text}`.trim()).join(', ')}`,
        )
        .join(' '),
      values: sections.flat().flatMap(({ values }) => values),
    }
  })

const command: fc.Arbitrary<Named> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(item, fc.option(condition, { nil: undefined })).map(putOf) },
  {
    weight: 6,
    arbitrary: fc.tuple(id, update, fc.option(condition, { nil: undefined })).map(updateOf),
  },
  { weight: 2, arbitrary: fc.tuple(id, fc.option(condition, { nil: undefined })).map(deleteOf) },
  { weight: 1, arbitrary: id.map(getOf) },
  { weight: 2, arbitrary: fc.tuple(condition, fc.integer({ min: 1, max: 4 })).map(scanOf) },
  { weight: 2, arbitrary: fc.tuple(owner, fc.integer({ min: 1, max: 4 })).map(queryOf) },
)

describe('SimulatedDynamo beside dynalite', () => {
  let local: LocalKinesis
  let dynalite: ReturnType<typeof dynamoFromSdk>
  before(async () => {
    local = await startLocalKinesis()
    dynalite = dynamoFromSdk({
      endpoint: local.dynamodbUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    })
  })
  after(async () => {
    dynalite.close()
    await local.close()
  })

  it('answers every random command as dynalite does, and ends with the same rows', async () => {
    let tables = 0
    const outcomes = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 25, maxLength: MAX_COMMANDS, size: 'max' }),
        async (commands) => {
          tables++
          const table = `differential-${tables}`
          const simulated = new SimulatedDynamo({ returnsOldItemOnFailedCondition: false })
          for (const port of [simulated, dynalite]) await createTable(port, table)
          for (const { text, run } of [...commands, ...FINAL]) {
            const ours = await outcomeOf(run(simulated, table))
            const theirs = await outcomeOf(run(dynalite, table))
            assert.deepEqual(ours, theirs, text)
            const key = 'error' in ours ? ours.error : 'ok'
            outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
          }
        },
      ),
      { seed: SEED, numRuns: RUNS },
    )
    // A list of commands that are all refused would prove nothing.
    assert.ok((outcomes.get('ok') ?? 0) > 200, JSON.stringify([...outcomes]))
    assert.ok((outcomes.get('condition-failed') ?? 0) > 20, JSON.stringify([...outcomes]))
    assert.ok((outcomes.get('invalid') ?? 0) > 5, JSON.stringify([...outcomes]))
  })
})

/** At the end of each list: all rows, and all that the index shows. */
const FINAL: readonly Named[] = [
  {
    text: 'all rows',
    run: (port, TableName) => everyRow((page) => port.scan({ TableName, ...page })),
  },
  queryOf(['w1', 100]),
  queryOf(['w2', 100]),
]

function putOf([Item, when]: [dynamo.Item, Piece | undefined]): Named {
  const request = { Item, ...requestOf(undefined, when) }
  return named('put', request, async (port, TableName) => port.putItem({ TableName, ...request }))
}

function updateOf([S, what, when]: [string, Piece, Piece | undefined]): Named {
  const { UpdateExpression = '', ...rest } = requestOf(what, when)
  const request = {
    Key: { id: { S } },
    UpdateExpression,
    ...rest,
    ReturnValues: 'ALL_NEW' as const,
  }
  return named('update', request, async (port, TableName) => {
    const { Attributes } = await port.updateItem({ TableName, ...request })
    return comparableItem(Attributes ?? {})
  })
}

function deleteOf([S, when]: [string, Piece | undefined]): Named {
  const request = { Key: { id: { S } }, ...requestOf(undefined, when) }
  return named('delete', request, async (port, TableName) =>
    port.deleteItem({ TableName, ...request }),
  )
}

function getOf(S: string): Named {
  const request = { Key: { id: { S } }, ConsistentRead: true }
  return named('get', request, async (port, TableName) => {
    const { Item } = await port.getItem({ TableName, ...request })
    return Item === undefined ? undefined : comparableItem(Item)
  })
}

/** The order of a scan is each service's own. */
function scanOf([filter, Limit]: [Piece, number]): Named {
  const { ConditionExpression: FilterExpression, ...rest } = requestOf(undefined, filter)
  const request = { FilterExpression, ...rest, Limit }
  return named('scan', request, async (port, TableName) =>
    everyRow((page) => port.scan({ TableName, ...request, ...page })),
  )
}

/** The order within an index is the service's promise. */
function queryOf([S, Limit]: [string, number]): Named {
  const request = {
    IndexName: INDEX,
    KeyConditionExpression: 'holder = :owner',
    ExpressionAttributeValues: { ':owner': { S } },
    Limit,
  }
  return named('query', request, async (port, TableName) =>
    pages((page) => port.query({ TableName, ...request, ...page })),
  )
}

function named(operation: string, request: unknown, run: Command): Named {
  return { text: `${operation} ${JSON.stringify(request)}`, run }
}

/** Numbers the question marks of both expressions. */
function requestOf(
  what: Piece | undefined,
  when: Piece | undefined,
): dynamo.ConditionInput & { readonly UpdateExpression?: string } {
  const values = [...(what?.values ?? []), ...(when?.values ?? [])]
  let next = 0
  const numbered = (text: string): string => text.replace(/\?/g, () => `:v${next++}`)
  return {
    ...(what === undefined ? {} : { UpdateExpression: numbered(what.text) }),
    ...(when === undefined ? {} : { ConditionExpression: numbered(when.text) }),
    ...(values.length === 0
      ? {}
      : {
          ExpressionAttributeValues: Object.fromEntries(
            values.map((value, i) => [`:v${i}`, value]),
          ),
        }),
  }
}

type Outcome = { readonly value: unknown } | { readonly error: string }

async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await call }
  } catch (cause) {
    if (!isServiceError(cause)) throw cause
    return { error: cause.kind }
  }
}

async function everyRow(
  call: (page: { readonly ExclusiveStartKey?: dynamo.Item }) => Promise<dynamo.ItemsPage>,
): Promise<unknown[]> {
  const rows = (await pages(call)).flat()
  return rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

async function pages(
  call: (page: { readonly ExclusiveStartKey?: dynamo.Item }) => Promise<dynamo.ItemsPage>,
): Promise<unknown[][]> {
  const all: unknown[][] = []
  let start: dynamo.Item | undefined
  do {
    const page = await call(start === undefined ? {} : { ExclusiveStartKey: start })
    all.push(page.Items.map(comparableItem))
    start = page.LastEvaluatedKey
  } while (start !== undefined)
  return all
}

async function createTable(port: DynamoPort, TableName: string): Promise<void> {
  await port.createTable({
    TableName,
    AttributeDefinitions: [
      { AttributeName: 'id', AttributeType: 'S' },
      { AttributeName: 'holder', AttributeType: 'S' },
    ],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    GlobalSecondaryIndexes: [
      {
        IndexName: INDEX,
        KeySchema: [
          { AttributeName: 'holder', KeyType: 'HASH' },
          { AttributeName: 'id', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  })
  while ((await port.describeTable({ TableName })).Table.TableStatus !== 'ACTIVE') await sleep(5)
}
