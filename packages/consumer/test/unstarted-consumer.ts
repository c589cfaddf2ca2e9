/** A consumer that no test runs: what is wrong is refused before it starts. */
import { Consumer, type ConsumerOptions } from '@millrace/consumer'
import { SimulatedDynamo, SimulatedKinesis } from '@millrace/testing'

export function unstartedConsumer(options: Partial<ConsumerOptions> = {}): Consumer {
  return new Consumer({
    applicationName: 'orders-app',
    stream: 'orders',
    client: new SimulatedKinesis(),
    dynamodb: new SimulatedDynamo(),
    logger: false,
    ...options,
  })
}
