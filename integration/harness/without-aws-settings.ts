/** The environment of a machine that was never set up for AWS. */

/** Runs with no AWS variable, no AWS file and no instance metadata; puts everything back after. */
export async function withoutAwsSettings<T>(run: () => Promise<T>): Promise<T> {
  const before = { ...process.env }
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) delete process.env[name]
  }
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true'
  process.env['AWS_SHARED_CREDENTIALS_FILE'] = '/nonexistent/credentials'
  process.env['AWS_CONFIG_FILE'] = '/nonexistent/config'
  try {
    return await run()
  } finally {
    for (const name of Object.keys(process.env)) delete process.env[name]
    Object.assign(process.env, before)
  }
}
