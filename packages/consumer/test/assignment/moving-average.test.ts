import assert from 'node:assert/strict'
import { movingAverage, smoothed } from '../../src/assignment/moving-average.ts'

describe('smoothed', () => {
  it('begins with the first value and then moves by alpha', () => {
    assert.equal(smoothed(undefined, 8, 0.5), 8)
    assert.equal(smoothed(8, 4, 0.5), 6)
    assert.equal(smoothed(8, 4, 0.25), 7)
    assert.equal(smoothed(8, 4, 1), 4)
  })
})

describe('movingAverage', () => {
  it('weighs the newest most', () => {
    assert.equal(movingAverage([40, 80], 0.5), 60)
    assert.equal(movingAverage([80, 40, 20], 0.5), 40)
  })

  it('passes over periods that were not measured', () => {
    assert.equal(movingAverage([-1, 40, -1, 80], 0.5), 60)
    assert.equal(movingAverage([-1], 0.5), undefined)
    assert.equal(movingAverage([], 0.5), undefined)
  })
})
