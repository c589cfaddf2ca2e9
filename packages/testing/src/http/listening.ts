/** Binding a server to a port, with an error that says what to do. */
import type { AddressInfo, Server } from 'node:net'
import { InvalidOptionError } from '@millrace/core'

/**
 * Resolves with the URL once the server listens.
 *
 * @param option name of the user's option, for the error
 * @throws InvalidOptionError when the port is taken or not allowed
 */
export function listen(
  server: Server,
  option: string,
  place: { readonly host: string; readonly port: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(
        new InvalidOptionError(
          option,
          `Cannot listen on ${place.host}:${place.port}: ${error.code ?? error.message}`,
          error.code === 'EADDRINUSE'
            ? 'Another process has this port: stop it, or choose another port (0 takes a free one).'
            : 'Check host and port.',
        ),
      )
    }
    server.once('error', onError)
    server.listen(place.port, place.host, () => {
      server.off('error', onError)
      const { port } = server.address() as AddressInfo
      resolve(`http://${place.host.includes(':') ? `[${place.host}]` : place.host}:${port}`)
    })
  })
}
