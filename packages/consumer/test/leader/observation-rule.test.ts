import assert from 'node:assert/strict'
import { observationDelayMs } from '../../src/leader/observation-rule.ts'

describe('observationDelayMs', () => {
  const options = { observationIntervalMs: 2000, failoverTimeMs: 10_000 }
  const fleet = ['a', 'b', 'c', 'd', 'e']
  const delay = (workerId: string, leader: string | undefined, liveWorkers = fleet): number =>
    observationDelayMs({ workerId, leads: workerId === leader, leader, liveWorkers }, options)

  it('lets the leader and two standbys watch closely, and the rest from afar', () => {
    assert.deepEqual(
      fleet.map((id) => delay(id, 'b')),
      [2000, 2000, 2000, 10_000, 10_000],
    )
  })

  it('lets all watch closely while nobody leads', () => {
    assert.deepEqual(
      fleet.map((id) => delay(id, undefined)),
      [2000, 2000, 2000, 2000, 2000],
    )
  })

  it('lets a worker watch closely that the fleet does not see yet', () => {
    assert.equal(delay('new', 'a'), 2000)
  })

  it('keeps two standbys when the leader is not among the living', () => {
    assert.deepEqual(
      fleet.map((id) => delay(id, 'dead')),
      [2000, 2000, 10_000, 10_000, 10_000],
    )
  })

  it('lets a worker watch closely that led in its former life, and leads no more', () => {
    const roles = { workerId: 'a', leads: false, leader: 'a', liveWorkers: fleet }
    assert.equal(observationDelayMs(roles, options), 2000)
  })

  it('never watches more often from afar than from near', () => {
    const slow = { observationIntervalMs: 60_000, failoverTimeMs: 10_000 }
    const roles = { workerId: 'e', leads: false, leader: 'a', liveWorkers: fleet }
    assert.equal(observationDelayMs(roles, slow), 60_000)
  })
})
