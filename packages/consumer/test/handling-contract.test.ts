import { itHandlesByContract } from './handling-contract.ts'
import { WAYS } from './ways-of-handling.ts'

for (const way of WAYS) {
  describe(`Consumer, handling by ${way.name}`, () => itHandlesByContract(way))
}
