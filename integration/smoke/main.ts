/**
 * Opt-in: against live AWS, with the credentials of whoever runs it. Never part of CI.
 * Exit code 0: all arrived; 1: something failed, and what; 3: no stream or no credentials were given.
 */
import { isServiceError, kinesisFromSdk } from '@millrace/core'
import { smokeSettings, USAGE } from './settings.ts'
import { runSmoke } from './smoke-run.ts'

const NOT_TOLD = 3

/** What is missing, undefined when the SDK finds region and credentials. */
async function missingOfAws(stream: string): Promise<string | undefined> {
  const kinesis = kinesisFromSdk()
  const input = stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream }
  try {
    await kinesis.describeStreamSummary(input)
    return undefined
  } catch (cause) {
    // Refused before anything was sent.
    if (isServiceError(cause) && NOT_SET.has(cause.awsName)) return cause.message
    throw cause
  } finally {
    kinesis.close()
  }
}

const NOT_SET: ReadonlySet<string> = new Set(['CredentialsProviderError', 'RegionMissing'])

async function main(): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  const settings = smokeSettings(process.env)
  if (settings === undefined) {
    say(`MILLRACE_SMOKE_STREAM names no stream, so nothing was done.\n\n${USAGE}`)
    return NOT_TOLD
  }
  const missing = await missingOfAws(settings.stream)
  if (missing !== undefined) {
    say(`${missing}: nothing was done.\n\n${USAGE}`)
    return NOT_TOLD
  }
  const { problems } = await runSmoke(settings, say)
  for (const problem of problems) say(`FAILED: ${problem}`)
  return problems.length === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (cause) {
  process.stdout.write(`FAILED: ${cause instanceof Error ? cause.message : String(cause)}\n`)
  if (isServiceError(cause)) process.stdout.write(`${cause.hint}\n`)
  process.exitCode = 1
}
