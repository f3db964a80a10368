/** A ledger on PostgreSQL: a server of its own that syncs to disk as one that is in earnest. */
import { OwnServer, statement } from '../../../test/support/postgres.ts'

const SETTINGS = {
  fsync: 'on',
  full_page_writes: 'on',
  autovacuum: 'on',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
}
const NAME = 'bench'

export class BenchDatabase implements AsyncDisposable {
  readonly url: string
  readonly #server: OwnServer

  private constructor(server: OwnServer) {
    this.#server = server
    this.url = server.url(NAME)
  }

  static async start(): Promise<BenchDatabase> {
    const server = await OwnServer.start(SETTINGS)
    await statement(server.url('postgres'), `CREATE DATABASE ${NAME} TEMPLATE template0`)
    return new BenchDatabase(server)
  }

  async bytes(): Promise<number> {
    const [row] = await statement(this.url, `SELECT pg_database_size('${NAME}')::text AS bytes`)
    return Number((row as { readonly bytes: string }).bytes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.remove()
  }
}
