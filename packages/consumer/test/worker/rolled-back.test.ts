import assert from 'node:assert/strict'
import { LeaseTableError } from '../../src/errors.ts'
import { inFleet, TABLE } from './fleet.ts'

describe('A fleet that an operator rolls back to KCL 2.x', () => {
  it('ends as a start would be refused, and leaves every lease free for others', () =>
    inFleet({ shards: 4 }, async (fleet) => {
      for (const id of ['a', 'b']) fleet.start(id, { mayFail: true })
      await fleet.until('spread', () => fleet.isSpread(4, 'a', 'b'))
      const before = fleet.moves.length
      const errors: unknown[] = []
      for (const id of ['a', 'b']) fleet.consumer(id).on('error', (cause) => errors.push(cause))
      const row = fleet.row('Migration3.0')
      await fleet.world.dynamo.putItem({
        TableName: TABLE,
        Item: { ...row, leaseKey: { S: 'Migration3.0' }, cv: { S: 'CLIENT_VERSION_2X' } },
      })
      await fleet.until(
        'both have ended',
        () => ['a', 'b'].every((id) => fleet.consumer(id).state === 'failed'),
        20_000,
      )
      assert.equal(errors.length, 2)
      for (const cause of errors) {
        assert.ok(cause instanceof LeaseTableError)
        assert.match(cause.message, /CLIENT_VERSION_2X.*rolled back/)
      }
      assert.deepEqual(
        fleet.rows().map((left) => left['leaseKey']?.S?.slice(0, 12)),
        ['Migration3.0', ...Array.from({ length: 4 }, () => 'shardId-0000')],
      )
      const handedOn = fleet.moves.slice(before).filter(({ to }) => to !== undefined)
      assert.deepEqual(handedOn, [])
      assert.ok(fleet.rows().every((left) => left['leaseOwner'] === undefined))
    }))
})
