/**
 * The server people and agents connect to: plain where no TLS is configured, else TLS 1.3 with what
 * the keeper shows. A client's certificate is asked for where one is needed, and judged where links
 * are taken: browsers reach the API without one.
 */
import { createServer as createPlain, type RequestListener, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { TlsKeeper } from './keeper.ts'

export type ServerMaker = (handler: RequestListener) => Server

/** A handshake of TLS takes two round trips; one that takes longer is no honest client's. */
const HANDSHAKE_MS_MAX = 10_000

export function serverMaker(keeper: TlsKeeper | null): ServerMaker {
  if (keeper === null) return (handler) => createPlain(handler)
  return (handler) => {
    const server = createSecure(
      {
        ...keeper.context,
        handshakeTimeout: HANDSHAKE_MS_MAX,
        requestCert: keeper.mustClientsShowOne,
        rejectUnauthorized: false,
      },
      handler,
    )
    keeper.serve(server)
    return server
  }
}
