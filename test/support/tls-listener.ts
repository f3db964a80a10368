/** A collector's listener over TLS without the collector: what it answers, and links to it. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'
import { attachLinkListener, type DialTarget, type Duplex, dial, SUBPROTOCOL } from '@yiben/shared'
import { onTestFinished } from 'vitest'
import type { TlsKeeper } from '../../collector/src/tls/keeper.ts'
import { serverMaker } from '../../collector/src/tls/server.ts'

/**
 * Answers its port. Of HTTP it says whether the client is `authorized` or `a stranger`; a link gets
 * back what it sends.
 */
export async function listening(keeper: TlsKeeper): Promise<number> {
  const server = serverMaker(keeper)(({ socket }, response) => {
    response.end(socket instanceof TLSSocket && socket.authorized ? 'authorized' : 'a stranger')
  })
  const listener = attachLinkListener({
    server,
    isSecure: true,
    needsCertificate: keeper.mustClientsShowOne,
    admit: () => ({ status: 'admitted' }),
    onConnection: (socket) => {
      socket.onFrame((frame) => socket.send(frame))
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    listener.close()
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

export function linkTo(port: number, target: Partial<DialTarget>): Promise<Duplex> {
  const url = `wss://localhost:${port}/v1/link`
  const common = { subprotocol: SUBPROTOCOL, ca: null, proxyUrl: null, timeoutMs: 5_000 }
  return dial({ url, ...common, ...target })
}
