import { smallHistory } from './history.ts'

const { traceHash, violations } = await smallHistory(Number(process.argv[2]))
process.stdout.write(JSON.stringify({ traceHash, violations }))
