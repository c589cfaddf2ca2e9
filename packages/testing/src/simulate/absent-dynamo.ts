/** Stands where a simulation was given no DynamoDB model. */
import { type DynamoPort, ServiceError } from '@millrace/core'

export function absentDynamo(): DynamoPort {
  const refuse = (operation: string) => (): Promise<never> =>
    Promise.reject(
      new ServiceError(
        operation,
        'ResourceNotFoundException',
        'this simulation has no DynamoDB: pass `dynamo` to simulate()',
      ),
    )
  return {
    getItem: refuse('GetItem'),
    putItem: refuse('PutItem'),
    updateItem: refuse('UpdateItem'),
    deleteItem: refuse('DeleteItem'),
    query: refuse('Query'),
    scan: refuse('Scan'),
    createTable: refuse('CreateTable'),
    updateTable: refuse('UpdateTable'),
    describeTable: refuse('DescribeTable'),
  }
}
