/** How the model's pure parts say no; the door turns it into a `ServiceError` of its operation. */
import type { dynamo } from '@millrace/core'

export class DynamoRefusal extends Error {
  readonly awsName: string
  /** The old item of a failed condition. */
  readonly item: dynamo.Item | undefined

  constructor(awsName: string, message: string, item?: dynamo.Item) {
    super(message)
    this.awsName = awsName
    this.item = item
  }
}

export function invalid(message: string): DynamoRefusal {
  return new DynamoRefusal('ValidationException', message)
}

export function conditionFailed(item: dynamo.Item | undefined): DynamoRefusal {
  return new DynamoRefusal(
    'ConditionalCheckFailedException',
    'The conditional request failed',
    item,
  )
}

export function missing(message: string): DynamoRefusal {
  return new DynamoRefusal('ResourceNotFoundException', message)
}

export function inUse(message: string): DynamoRefusal {
  return new DynamoRefusal('ResourceInUseException', message)
}
