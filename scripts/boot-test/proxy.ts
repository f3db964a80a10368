/** An HTTP proxy on loopback that counts what it was asked to connect. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

export class CountingProxy implements AsyncDisposable {
  readonly #server = createServer()
  connections = 0

  static async start(): Promise<CountingProxy> {
    const proxy = new CountingProxy()
    proxy.#server.on('connect', (request, client, head) => {
      proxy.connections += 1
      const { hostname, port } = new URL(`http://${request.url}`)
      const upstream = connect(Number(port), hostname, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        upstream.write(head)
        upstream.pipe(client)
        client.pipe(upstream)
      })
      upstream.on('error', () => client.destroy())
      client.on('error', () => upstream.destroy())
      client.on('close', () => upstream.destroy())
    })
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
