import assert from 'node:assert/strict'
import { type dynamo, isServiceError } from '@millrace/core'
import { type AppliedWrite, SimulatedDynamo } from '@millrace/testing'

const TableName = 'leases'
const KEY = { leaseKey: { S: 'k' } }
const TABLE: dynamo.CreateTableInput = {
  TableName,
  AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
}

describe('What SimulatedDynamo takes and gives', () => {
  it('keeps what it was given when the caller changes it afterwards, and what it gave', async () => {
    const written: AppliedWrite[] = []
    const simulated = new SimulatedDynamo({ onWrite: (write) => written.push(write) })
    await simulated.createTable(TABLE)
    const given = { ...KEY, bytes: { B: Uint8Array.of(1) }, tags: { SS: ['a'] } }
    const expected = structuredClone(given)
    await simulated.putItem({ TableName, Item: given })
    given.bytes.B.fill(9)
    given.tags.SS.push('b')

    const failing = {
      TableName,
      Key: KEY,
      ConditionExpression: 'attribute_not_exists(leaseKey)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const
    const givenOut = [
      (await simulated.getItem({ TableName, Key: KEY, ConsistentRead: true })).Item,
      (await simulated.getItem({ TableName, Key: KEY })).Item,
      (await simulated.scan({ TableName })).Items[0],
      simulated.items(TableName)[0],
      (
        await simulated.updateItem({
          TableName,
          Key: KEY,
          UpdateExpression: 'REMOVE absent',
          ReturnValues: 'ALL_NEW',
        })
      ).Attributes,
      await simulated.deleteItem(failing).then(
        () => undefined,
        (cause: unknown) => (isServiceError(cause) ? cause.item : undefined),
      ),
      ...written
        .flatMap(({ before, after }) => [before, after])
        .filter((item) => item !== undefined),
    ]
    assert.equal(givenOut.length, 9)
    for (const item of givenOut) {
      assert.deepEqual(item, expected)
      item?.['bytes']?.B?.fill(9)
      const tags = item?.['tags']?.SS as string[] | undefined
      tags?.push('b')
      Object.assign(item ?? {}, { more: { S: 'x' } })
    }
    assert.deepEqual(simulated.items(TableName), [expected])
  })

  it('describes tables in copies', async () => {
    const simulated = new SimulatedDynamo()
    const input = structuredClone(TABLE)
    await simulated.createTable(input)
    Object.assign(input.KeySchema[0] ?? {}, { AttributeName: 'changed' })
    const { Table } = await simulated.describeTable({ TableName })
    assert.equal(Table.KeySchema[0]?.AttributeName, 'leaseKey')
    Object.assign(Table.KeySchema[0] ?? {}, { AttributeName: 'changed' })
    const again = await simulated.describeTable({ TableName })
    assert.equal(again.Table.KeySchema[0]?.AttributeName, 'leaseKey')
  })
})
