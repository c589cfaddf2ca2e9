/** What the smoke test is told, all of it by the environment, where the AWS SDK looks too. Pure. */

export interface SmokeSettings {
  readonly stream: string
  /** Names the lease table, which stays there for the next run. */
  readonly applicationName: string
  readonly records: number
}

export const USAGE = `npm run smoke: puts a few records into a stream of yours on AWS, reads them back with two
workers, and says what did not work. It takes half a minute, makes a lease table at its first run, and costs cents.

  MILLRACE_SMOKE_STREAM       the stream: one for tests, since records are put into it
  MILLRACE_SMOKE_APPLICATION  names the lease table (default: millrace-smoke-<stream>)
  region and credentials      as for any program on the AWS SDK: AWS_REGION, AWS_PROFILE, a role, ...

The policies that it needs are in docs/going-to-production.md. Exit code: 0 all arrived, 1 something failed,
3 it was not told what it needs.`

const RECORDS = 100
/** Of a stream's name or, less what a table's name may not have, of its ARN. */
const STREAM = /^(?:arn:aws[a-z-]*:kinesis:[a-z0-9-]+:\d{12}:stream\/)?([a-zA-Z0-9_.-]{1,128})$/

/** Undefined when no stream, or none that could exist, is named. */
export function smokeSettings(
  env: Readonly<Record<string, string | undefined>>,
): SmokeSettings | undefined {
  const stream = env['MILLRACE_SMOKE_STREAM'] ?? ''
  const [, name] = STREAM.exec(stream) ?? []
  if (name === undefined) return undefined
  const applicationName = env['MILLRACE_SMOKE_APPLICATION'] || `millrace-smoke-${name}`
  return { stream, applicationName, records: RECORDS }
}
