/** The README's quick start, compiled and run inside a project that has only the tarballs. */
import { join } from 'node:path'
import { CONSUMER_EXAMPLE, PRODUCER_EXAMPLE, QUICK_START_STREAM } from '../quick-start/examples.ts'
import { runQuickStart } from '../quick-start/run-quick-start.ts'
import { compileProblems } from './checks.ts'
import { copySource, type Project } from './project.ts'

export async function quickStartProblems(
  repository: string,
  project: Project,
): Promise<readonly string[]> {
  for (const name of [CONSUMER_EXAMPLE, PRODUCER_EXAMPLE]) {
    copySource(project, join(repository, 'examples', name), name)
  }
  const compiled = await compileProblems(repository, project)
  if (compiled.length > 0) return compiled
  const bin = join('node_modules', '@millrace', 'testing', 'bin', 'millrace-testing.js')
  return runQuickStart({
    cwd: project.folder,
    serve: [bin, 'serve', '--stream', QUICK_START_STREAM],
    consumer: [compiledFile(CONSUMER_EXAMPLE)],
    producer: [compiledFile(PRODUCER_EXAMPLE)],
  })
}

function compiledFile(example: string): string {
  return join('out', example.replace(/\.ts$/, '.js'))
}
