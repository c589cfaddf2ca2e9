import assert from 'node:assert/strict'
import { jsonFormat } from '../../src/http/json-format.ts'
import { readShape, type StructShape } from '../../src/http/shape.ts'

const SHAPE: StructShape = {
  members: {
    Name: 'string',
    Limit: 'integer',
    At: 'timestamp',
    Records: { list: { members: { Data: 'bytes' }, required: ['Data'] } },
  },
  required: ['Name'],
}
const read = (tree: unknown): unknown => readShape(jsonFormat, SHAPE, tree, '')

describe('readShape', () => {
  it('turns leaves into what the ports take', () => {
    assert.deepEqual(read({ Name: 'n', Limit: 5, At: 1.5, Records: [{ Data: 'aGk=' }] }), {
      Name: 'n',
      Limit: 5,
      At: new Date(1500),
      Records: [{ Data: Buffer.from('hi') }],
    })
  })

  it('drops what the shape does not know, and null', () => {
    const tree: unknown = JSON.parse('{"Name":"n","Limit":null,"Other":1,"__proto__":{"x":1}}')
    assert.deepEqual(read(tree), { Name: 'n' })
  })

  it('does not mistake an inherited property for a member', () => {
    const members = Object.fromEntries([['toString', 'string' as const]])
    const shape: StructShape = { members, required: [] }
    assert.deepEqual(Object.keys(readShape(jsonFormat, shape, {}, '') as object), [])
  })

  for (const [what, tree, path] of [
    ['a number for a string', { Name: 5 }, 'name'],
    ['a fraction for an integer', { Name: 'n', Limit: 1.5 }, 'limit'],
    ['an object for a list', { Name: 'n', Records: {} }, 'records'],
    ['a string for a structure', { Name: 'n', Records: ['x'] }, 'records.1.member'],
    ['an array for the body', [], 'The body'],
    ['text that is no base64', { Name: 'n', Records: [{ Data: '***' }] }, 'records.1.member.data'],
  ] as const) {
    it(`refuses ${what} and says where`, () => {
      assert.throws(() => read(tree), {
        awsName: 'SerializationException',
        message: new RegExp(`^${path} is not`),
      })
    })
  }

  it('says which member is missing', () => {
    assert.throws(() => read({ Name: 'n', Records: [{ Data: 'aGk=' }, {}] }), {
      awsName: 'ValidationException',
      message: /records\.2\.member\.data/,
    })
  })
})
