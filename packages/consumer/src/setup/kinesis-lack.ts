/** Which action on a stream, or on its key, a policy lacks. Pure. */
import { isServiceError, type KinesisPort, ServiceError } from '@millrace/core'
import { isPolicyLack, lackOf } from '../lease-table/policy-lack.ts'

/** As a policy names it. */
export function kinesisAction(method: keyof KinesisPort): string {
  return `kinesis:${method.charAt(0).toUpperCase()}${method.slice(1)}`
}

/** The denial with action, resource and the statement to add; anything else as it is. */
export function namedKinesisLack(
  cause: unknown,
  method: keyof KinesisPort,
  streamName: string,
): unknown {
  if (isPolicyLack(cause)) {
    return lackOf(cause, { action: kinesisAction(method), resource: `stream/${streamName}` })
  }
  if (!isServiceError(cause) || cause.awsName !== 'KMSAccessDeniedException') return cause
  return new ServiceError(
    cause.operation,
    cause.awsName,
    `the policies do not allow this worker kms:Decrypt on the key of stream/${streamName}`,
    {
      kind: cause.kind,
      cause,
      hint: 'Add kms:Decrypt on that key to the policy of this worker; the policy of the key must not forbid it.',
    },
  )
}
