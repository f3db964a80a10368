/**
 * A Kubernetes API server that knows one Node, over TLS; and kubeconfigs to reach it with. It takes
 * a client certificate (its own, which it trusts) or a bearer token, and nobody else.
 */
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'

const PKI = join(import.meta.dirname, '../collector/tls')
export const CERT_FILE = join(PKI, 'localhost-cert.pem')
export const KEY_FILE = join(PKI, 'localhost-key.pem')
export const TOKEN = 'secret-bearer-token'

export class FakeApiServer {
  readonly #server: Server
  /** `spec` of the Node. */
  spec: object = {}
  /** Instead of the Node; `null` never answers. */
  reply: { readonly statusCode: number; readonly body: string | Buffer } | null | 'node' = 'node'
  readonly asked: string[] = []

  private constructor() {
    this.#server = createServer(
      {
        cert: readFileSync(CERT_FILE),
        key: readFileSync(KEY_FILE),
        ca: readFileSync(CERT_FILE),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => {
        this.asked.push(`${request.method} ${request.url}`)
        if (this.reply === null) return
        const isKnown =
          (request.socket instanceof TLSSocket && request.socket.authorized) ||
          request.headers.authorization === `Bearer ${TOKEN}`
        const [statusCode, body] = !isKnown
          ? [401, '{}']
          : this.reply !== 'node'
            ? [this.reply.statusCode, this.reply.body]
            : request.url?.endsWith('/api/v1/nodes/node-1') === true
              ? [200, JSON.stringify({ kind: 'Node', apiVersion: 'v1', spec: this.spec })]
              : [404, '{"kind":"Status","code":404}']
        response.writeHead(statusCode, { location: '/elsewhere' }).end(body)
      },
    )
  }

  static async start(): Promise<FakeApiServer> {
    const server = new FakeApiServer()
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    onTestFinished(() => {
      server.#server.closeAllConnections()
      server.#server.close()
    })
    return server
  }

  get url(): string {
    return `https://localhost:${(this.#server.address() as AddressInfo).port}`
  }

  /** A kubeconfig in the folder, as kubeadm writes the kubelet's, with parts replaced. */
  kubeconfig(folder: string, parts: { cluster?: object; user?: object } = {}): string {
    const path = join(folder, 'kubelet.conf')
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'default-context',
      contexts: [{ name: 'default-context', context: { cluster: 'here', user: 'default-auth' } }],
      clusters: [
        {
          name: 'here',
          cluster: parts.cluster ?? { server: this.url, 'certificate-authority': CERT_FILE },
        },
      ],
      users: [
        {
          name: 'default-auth',
          user: parts.user ?? { 'client-certificate': CERT_FILE, 'client-key': KEY_FILE },
        },
      ],
    }
    // JSON is YAML.
    writeFileSync(path, JSON.stringify(config))
    return path
  }
}
