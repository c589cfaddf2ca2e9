/**
 * Runs the two quick starts as a newcomer does: `millrace-testing serve`, the consumer, the
 * producer, then Ctrl-C. Endpoints and credentials are in the environment, where the AWS SDK looks
 * for them, so the examples are the same code that runs on AWS.
 */
import { Child } from './child.ts'

export interface QuickStart {
  readonly cwd: string
  /** Arguments of Node for each part. */
  readonly serve: readonly string[]
  readonly consumer: readonly string[]
  readonly producer: readonly string[]
  /** What the producer has to print; it may be anything. */
  readonly prints?: RegExp
  /** The producer runs until it is told to stop: once it has stored something. */
  readonly runsUntilStopped?: boolean
}

const LIMIT_MS = 60_000
const SERVING = /^\{"kinesis":"([^"]+)","dynamodb":"([^"]+)"\}$/m
const A_LINE = /^.*\S.*\n/

/** One line a problem; empty when records went all the way and everyone stopped cleanly. */
export async function runQuickStart(parts: QuickStart): Promise<readonly string[]> {
  const settings = { cwd: parts.cwd, env: CREDENTIALS, limitMs: LIMIT_MS }
  const server = new Child(parts.serve, settings)
  try {
    const [, kinesis = '', dynamodb = ''] = (await server.match(SERVING)) ?? []
    if (kinesis === '') return [`serve did not start:\n${server.output}`]
    const endpoints = { AWS_ENDPOINT_URL_KINESIS: kinesis, AWS_ENDPOINT_URL_DYNAMODB: dynamodb }
    return await writeAndRead(parts, { ...CREDENTIALS, ...endpoints })
  } finally {
    await server.stop()
  }
}

async function writeAndRead(
  parts: QuickStart,
  env: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const settings = { cwd: parts.cwd, env, limitMs: LIMIT_MS }
  const consumer = new Child(parts.consumer, settings)
  const producer = new Child(parts.producer, settings)
  const problems: string[] = []
  if (parts.runsUntilStopped === true && (await producer.match(A_LINE)) !== undefined) {
    await producer.stop()
  }
  const produced = await producer.exited
  if (produced !== 0) problems.push(`producer: exit ${produced}\n${producer.output}`)
  else if (parts.prints?.test(producer.output) === false) {
    problems.push(`producer: did not print ${parts.prints}\n${producer.output}`)
  }
  // With a producer that failed there is nothing to wait for.
  const delivered = produced === 0 ? await consumer.match(A_LINE) : undefined
  const consumed = await consumer.stop()
  if (produced === 0 && delivered === undefined) {
    problems.push(`consumer: delivered nothing\n${consumer.output}`)
  } else if (consumed !== 0) {
    problems.push(`consumer: exit ${consumed} after SIGTERM\n${consumer.output}`)
  }
  return problems
}

const CREDENTIALS: Readonly<Record<string, string>> = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
}
