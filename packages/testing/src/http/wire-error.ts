/** What the door itself refuses, before the service sees the call. */
export class WireError extends Error {
  readonly awsName: string
  readonly statusCode: number

  constructor(awsName: string, message: string, statusCode = 400) {
    super(message)
    this.awsName = awsName
    this.statusCode = statusCode
  }
}

export function serializationError(message: string): WireError {
  return new WireError('SerializationException', message)
}
