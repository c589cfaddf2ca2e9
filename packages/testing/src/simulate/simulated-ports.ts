/** The ports that a simulated process is given: its models, behind the network. */
import type { CallOptions, DynamoPort, KinesisPort, Random } from '@millrace/core'
import type { OriginatedCallOptions } from '../dynamo/options.ts'
import type { SimulatedDynamo } from '../dynamo/simulated-dynamo.ts'
import type { VirtualProcess } from '../time/virtual-process.ts'
import type { Caller, SimulatedNetwork } from './network.ts'

export function networkedKinesis(
  network: SimulatedNetwork,
  process: VirtualProcess,
  random: Random,
  model: KinesisPort,
): KinesisPort {
  const caller: Caller = { process, service: 'kinesis', random }
  return {
    putRecords: (input, options) =>
      network.call(caller, 'putRecords', input, options, () => model.putRecords(input)),
    getRecords: (input, options) =>
      network.call(caller, 'getRecords', input, options, () => model.getRecords(input)),
    getShardIterator: (input, options) =>
      network.call(caller, 'getShardIterator', input, options, () => model.getShardIterator(input)),
    listShards: (input, options) =>
      network.call(caller, 'listShards', input, options, () => model.listShards(input)),
    describeStreamSummary: (input, options) =>
      network.call(caller, 'describeStreamSummary', input, options, () =>
        model.describeStreamSummary(input),
      ),
  }
}

export function networkedDynamo(
  network: SimulatedNetwork,
  process: VirtualProcess,
  random: Random,
  model: SimulatedDynamo,
): DynamoPort {
  const caller: Caller = { process, service: 'dynamo', random }
  /** Of a write the model tells who sent it, and when. */
  const write = <I, T>(
    method: 'putItem' | 'updateItem' | 'deleteItem',
    input: I,
    options: CallOptions | undefined,
    apply: (options: OriginatedCallOptions) => Promise<T>,
  ): Promise<T> => {
    const origin = network.originOf(caller)
    return network.call(caller, method, input, options, () => apply({ origin }))
  }
  return {
    getItem: (input, options) =>
      network.call(caller, 'getItem', input, options, () => model.getItem(input)),
    putItem: (input, options) =>
      write('putItem', input, options, (origin) => model.putItem(input, origin)),
    updateItem: (input, options) =>
      write('updateItem', input, options, (origin) => model.updateItem(input, origin)),
    deleteItem: (input, options) =>
      write('deleteItem', input, options, (origin) => model.deleteItem(input, origin)),
    query: (input, options) =>
      network.call(caller, 'query', input, options, () => model.query(input)),
    scan: (input, options) => network.call(caller, 'scan', input, options, () => model.scan(input)),
    createTable: (input, options) =>
      network.call(caller, 'createTable', input, options, () => model.createTable(input)),
    updateTable: (input, options) =>
      network.call(caller, 'updateTable', input, options, () => model.updateTable(input)),
    describeTable: (input, options) =>
      network.call(caller, 'describeTable', input, options, () => model.describeTable(input)),
    updateContinuousBackups: (input, options) =>
      network.call(caller, 'updateContinuousBackups', input, options, () =>
        model.updateContinuousBackups(input),
      ),
  }
}
