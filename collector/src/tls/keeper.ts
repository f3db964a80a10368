/**
 * Keeps what the server shows: reads it at the start, looks again from time to time and when told
 * to, and puts what is new in the place of what was there, for connections to come. Open ones go on.
 * Something new that is wrong is refused with a line in the log, and what was there stays.
 */
import type { TLSSocket } from 'node:tls'
import { AppError, errorCode, errorSentence, type Logger, type World } from '@yiben/shared'
import type { TlsConfig } from '../config/tls-options.ts'
import {
  type AuthorityState,
  dropPrevious,
  readAuthority,
  readOrMakeAuthority,
  switchRotation,
} from './authority-file.ts'
import { serverNames } from './names.ts'
import { RevocationFile, type RevocationLists, ShownCertificates } from './revocations.ts'
import { type Shown, shownOfFiles, shownOfOwn } from './shown.ts'
import { keepTold, readTold, type Told } from './told.ts'

export interface TlsKeeperOptions {
  readonly config: TlsConfig
  readonly dataDir: string
  /** Listened on. */
  readonly host: string
  readonly world: Pick<World, 'clock' | 'random'>
  readonly log: Logger
}

/** The part of a TLS server that takes other certificates while it serves. */
export interface ReloadableServer {
  setSecureContext(options: ReturnType<typeof contextOf>): void
  on(event: 'secureConnection', listener: (socket: TLSSocket) => void): unknown
}

/** Nodes that have not confirmed this version yet and are waited for. */
export type WaitedFor = (version: number) => Promise<number>

export class TlsKeeper {
  readonly #options: TlsKeeperOptions
  readonly #servers: ReloadableServer[] = []
  readonly #revocations: RevocationFile
  readonly #certificates = new ShownCertificates()
  #shown: Shown
  #lists: RevocationLists | null
  /** Of lists that are too old: said once. */
  #endSaidMs: number | null = null
  #told: Told
  #problem: string | null = null

  private constructor(
    options: TlsKeeperOptions,
    shown: Shown,
    told: Told,
    revoked: { readonly file: RevocationFile; readonly lists: RevocationLists | null },
  ) {
    this.#options = options
    this.#revocations = revoked.file
    this.#lists = revoked.lists
    this.#shown = shown
    this.#told = told
  }

  /** Reads, or makes, all that is shown: a mistake stops the start and not the first agent. */
  static async open(options: TlsKeeperOptions): Promise<TlsKeeper> {
    const { config, dataDir, log, world } = options
    const before = readTold(dataDir)
    const issuing = { random: world.random, nowMs: world.clock.wallMs() }
    const isNew = config.mode === 'own' && readAuthority(dataDir) === null
    const state = config.mode === 'own' ? await readOrMakeAuthority(dataDir, issuing) : null
    const shown = await shownOf(options, state)
    const file = new RevocationFile(config.clientCrlFile)
    const lists = await file.read(shown.clientCa)
    const told = keepTold(dataDir, shown, issuing.nowMs)
    if (isNew) log.info({ pin: shown.pin }, 'an authority of the collector’s own has been made')
    warnOfStrangers(log, before, told)
    const keeper = new TlsKeeper(options, shown, told, { file, lists })
    keeper.#noteEnd()
    return keeper
  }

  get shown(): Shown {
    return this.#shown
  }

  get told(): Told {
    return this.#told
  }

  /** Lists of certificates of clients that were taken back; `null`: none are looked at. */
  get lists(): RevocationLists | null {
    return this.#lists
  }

  get mustClientsShowOne(): boolean {
    return this.#options.config.clientCaFile !== null
  }

  /** What a server begins with. */
  get context() {
    return contextOf(this.#shown, this.#lists)
  }

  /** Is given what comes after. */
  serve(server: ReloadableServer): void {
    this.#servers.push(server)
    if (this.#lists !== null) {
      server.on('secureConnection', (socket) => this.#certificates.add(socket, this.#lists))
    }
  }

  /**
   * One look: a change of the authority goes on where it is due, a certificate is renewed, files
   * that have changed are taken. Answers whether nodes are to be told something new.
   */
  async look(waitedFor: WaitedFor): Promise<boolean> {
    try {
      const shown = await shownOf(this.#options, await this.#authority(waitedFor))
      const lists = await this.#revocations.read(shown.clientCa)
      if (this.#problem !== null) {
        this.#options.log.info({}, 'what TLS needs can be read again')
        this.#problem = null
      }
      return this.#take(shown, lists)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      // Once for each mistake, not at every look.
      if (this.#problem === error.message) return false
      this.#problem = error.message
      const fields = { code: errorCode(error), reason: errorSentence(error), ...error.fields }
      this.#options.log.error(fields, 'what is there for TLS now is refused: what was shown stays')
      return false
    }
  }

  #take(shown: Shown, lists: RevocationLists | null): boolean {
    const { dataDir, log, world } = this.#options
    const before = this.#told
    // Durable before anybody is shown or told it.
    this.#told = keepTold(dataDir, shown, world.clock.wallMs())
    const isOther =
      shown.cert !== this.#shown.cert ||
      shown.key !== this.#shown.key ||
      shown.clientCa !== this.#shown.clientCa
    this.#shown = shown
    const areListsOther = lists !== this.#lists
    this.#lists = lists
    if (this.#told.version !== before.version) warnOfStrangers(log, before, this.#told)
    if (isOther || areListsOther) {
      for (const server of this.#servers) server.setSecureContext(contextOf(shown, lists))
    }
    if (isOther) {
      const valid_until = new Date(shown.endMs).toISOString()
      log.info({ valid_until, pin: shown.pin }, 'another certificate is shown from now on')
    }
    if (areListsOther && lists !== null) {
      const ended = this.#certificates.end(lists)
      log.info({ ended }, 'the lists of revoked certificates have been read anew')
    }
    this.#noteEnd()
    return this.#told.version !== before.version
  }

  /** Whoever comes is refused by then: a list that is too old may lack what was taken back since. */
  #noteEnd(): void {
    const { log, world } = this.#options
    const endMs = this.#lists?.endMs ?? null
    if (endMs === null || endMs > world.clock.wallMs() || endMs === this.#endSaidMs) return
    this.#endSaidMs = endMs
    const fields = { ended: new Date(endMs).toISOString() }
    log.error(
      fields,
      'a list of tls.client_crl is too old: every link is refused until a newer one is there',
    )
  }

  /** The state of the collector's own authority, moved on where that is due; `null`: it has none. */
  async #authority(waitedFor: WaitedFor): Promise<AuthorityState | null> {
    const { config, dataDir, log, world } = this.#options
    if (config.mode !== 'own') return null
    const state = readAuthority(dataDir)
    if (state === null) {
      throw new AppError(
        'state_missing',
        `the authority in ${dataDir} has gone: restore its folder`,
      )
    }
    const nowMs = world.clock.wallMs()
    const { next, previous } = state
    if (previous !== null && nowMs >= previous.dropAtMs) {
      log.warn({}, 'the authority before is dropped: nodes that know only it do not come back')
      return dropPrevious(dataDir, state)
    }
    // Who has not been told cannot know.
    if (next === null || !this.#told.roots.includes(next.cert)) return state
    const waiting = await waitedFor(this.#told.version)
    if (waiting > 0 && nowMs < next.switchByMs) return state
    log.info({ waited_for: waiting }, 'the next authority signs from now on')
    return switchRotation(dataDir, state, nowMs)
  }
}

/** Nodes that know none of what is told now were told nothing of it in time. */
function warnOfStrangers(log: Logger, before: Told | null, now: Told): void {
  if (before === null || before.roots.length === 0) return
  if (now.roots.some((root) => before.roots.includes(root))) return
  log.error(
    {},
    'nodes were told to trust other authorities than those of the certificate shown now: they do not come back; show the old one again and name the new one in tls.roots first',
  )
}

function shownOf(
  { config, dataDir, host, log, world }: TlsKeeperOptions,
  state: AuthorityState | null,
): Promise<Shown> {
  if (config.mode === 'files') return Promise.resolve(shownOfFiles(config))
  if (state === null) throw new AppError('state_missing', 'the collector has no authority')
  return shownOfOwn({
    config,
    dataDir,
    state,
    names: serverNames(config.names, host),
    issuing: { random: world.random, nowMs: world.clock.wallMs() },
    onIssued: (names) => log.info({ names }, 'a certificate has been issued for these names'),
  })
}

function contextOf({ cert, clientCa, key }: Shown, lists: RevocationLists | null) {
  return {
    cert,
    key,
    minVersion: 'TLSv1.3' as const,
    ...(clientCa === null ? {} : { ca: clientCa }),
    ...(lists === null ? {} : { crl: [...lists.pems] }),
  }
}
