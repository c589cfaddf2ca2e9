/** Reads what is to be put: the user's file, or the flights that come with a dev dependency. */
import { readFileSync } from 'node:fs'
import { InputError, type InputRecord, parseNdjson } from './parse-input.ts'

/** Absent after `npm ci --omit=dev`. */
export class FlightsMissingError extends Error {}

const PACKAGE = 'vega-datasets'
const FLIGHTS = 'data/flights-20k.json'
const FLIGHTS_KEY = 'origin'

/** @throws InputError, FlightsMissingError */
export function loadInput(
  input: { readonly file: string; readonly key: string } | undefined,
): InputRecord[] {
  if (input === undefined) return flights()
  let bytes: Uint8Array
  try {
    bytes = readFileSync(input.file)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new InputError(`the input cannot be read: ${why}`)
  }
  return parseNdjson(bytes, input.key)
}

/** 20,000 real flights; the partition key is the airport of origin. */
function flights(): InputRecord[] {
  let text: string
  try {
    text = readFileSync(new URL(`../${FLIGHTS}`, import.meta.resolve(PACKAGE)), 'utf8')
  } catch (cause) {
    throw new FlightsMissingError(`${PACKAGE} is not installed: run npm ci`, { cause })
  }
  const rows = JSON.parse(text) as readonly unknown[]
  const lines = rows.map((row) => JSON.stringify(row)).join('\n')
  return parseNdjson(Buffer.from(lines), FLIGHTS_KEY)
}
