/** Under which names and addresses this machine is reached, as far as it can know by itself. */
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { isDnsName } from '../config/tls-options.ts'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']
const EVERY_ADDRESS = ['0.0.0.0', '::']

/** What is configured, else the name and the addresses of the machine; loopback always. */
export function serverNames(configured: readonly string[], host: string): readonly string[] {
  const own = configured.length > 0 ? configured : machineNames()
  const listened = EVERY_ADDRESS.includes(host) ? [] : [host]
  return [...new Set([...own, ...listened, ...LOOPBACK_NAMES])]
}

function machineNames(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).flatMap(({ address, internal, scopeid }) =>
      // Link-local addresses are nobody's name: each needs the interface beside it.
      internal || (scopeid ?? 0) !== 0 || isIP(address) === 0 ? [] : [address],
    ),
  )
  const name = hostname()
  return isDnsName(name) ? [name, ...addresses] : addresses
}
