/** What the processes of a side-by-side benchmark have in common. */

export const REGION = 'us-east-1'
/** Each on a processor of its own, where the machine can do that. */
export const SERVER_CPU = 0
export const CLIENT_CPU = 1
/** Of the stubs, which check signatures. */
export const CREDENTIALS = { accessKeyId: 'AKIDBENCH', secretAccessKey: 'bench' } as const

/** For clients that are to trust a stub, and to call nothing else. */
export function clientEnvironment(certificateFile: string): Readonly<Record<string, string>> {
  return {
    NODE_EXTRA_CA_CERTS: certificateFile,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  }
}
