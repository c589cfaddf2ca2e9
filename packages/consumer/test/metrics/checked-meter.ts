/** A meter for tests: sums by name, and takes only what the tables of metrics have. */
import assert from 'node:assert/strict'
import { type ConsumerMeter, OPERATIONS } from '../../src/metrics/metric-names.ts'

export function checkedMeter(sums: Map<string, number>): ConsumerMeter {
  return {
    put: (name, value, unit, { Operation }) => {
      // The one of a call that is measured for its time alone goes nowhere.
      if (name === ('RecordProcessor.initialize.Success' as string)) return
      if (name === ('RecordProcessor.shutdown.Success' as string)) return
      const kind = OPERATIONS[Operation].find((each) => each.name === name)
      assert.equal(kind?.unit, unit, `${Operation} ${name}`)
      sums.set(name, (sums.get(name) ?? 0) + value)
    },
  }
}
