/**
 * One part of a serving process, from its store to its end: listens for agents and for the API on
 * one port, says where in one line of JSON on standard output, and ends in order.
 */
import type { RequestListener } from 'node:http'
import { AppError, attachLinkListener, errorSentence } from '@yiben/shared'
import { type ApiContext, createContext } from '../api/context.ts'
import { buildApi } from '../api/server.ts'
import { bookedPoolsOf } from '../bank/booking-judge.ts'
import { RememberedForecast } from '../bank/draw-forecast.ts'
import { Lots, lotKeyOf } from '../bank/lots.ts'
import { Promises } from '../bank/promises.ts'
import { loadCatalogue } from '../catalogue/catalogue.ts'
import { checkpointFile } from '../checkpoint-file.ts'
import { Collector } from '../collector.ts'
import { controlOf } from '../collector-control.ts'
import type { CollectorConfig } from '../config.ts'
import { ForecastFollower } from '../forecast/live/follower.ts'
import { ThreadWork } from '../forecast/live/work-thread.ts'
import { connectionsByDescriptors } from '../gateway/descriptors.ts'
import { FirstWords } from '../gateway/first-words.ts'
import { readOrCreateIdentity } from '../identity-file.ts'
import { logFace, witnessKeys } from '../journal/cosigning.ts'
import type { SecondJournal } from '../journal/second-journal.ts'
import { drawsBelow } from '../placed/below.ts'
import { modelFacts } from '../plausibility/rules.ts'
import { PlausibilityWatcher } from '../plausibility/watcher.ts'
import { Pruner } from '../rollup/pruner.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { ThreadedStore } from '../storage/threaded-store.ts'
import { TlsKeeper } from '../tls/keeper.ts'
import { KeyDesk } from '../tls/key-desk.ts'
import { serverMaker } from '../tls/server.ts'
import { tlsService } from '../tls/service.ts'
import { forgetTold } from '../tls/told.ts'
import { accessSettings } from './access-settings.ts'
import type { Among } from './among.ts'
import { refuseOlderCopy } from './older-copy.ts'
import { openAdapter } from './serve-adapter.ts'
import { type LedgerOptions, openSecondJournal } from './serve-ledger.ts'
import { openUpstream } from './serve-upstream.ts'
import { settledLagMs } from './settled-lag.ts'
import { Vitals } from './vitals.ts'

export interface ServeOptions extends LedgerOptions {
  /** One line for whoever started this process. */
  readonly say: (line: string) => void
  /** Has `run` called when somebody asks for certificates to be looked at; left out: nobody does. */
  readonly onLook?: (run: () => void) => void
}

/** What a process is for a while: alone with its ledger, or one of several. */
export interface Part {
  readonly store: ThreadedStore
  readonly keeper: TlsKeeper | null
  /** Aborted when this part is over, whatever the process is told. */
  readonly over: AbortSignal
  /** Among several; `null`: alone. */
  readonly among: Among | null
  /** To listen on; 0: any. */
  readonly port: number
  readonly onListening?: (port: number) => void
}

/** Until told to stop, or until the part is over; throws what it cannot go on with. */
export async function servePart(options: ServeOptions, part: Part): Promise<void> {
  const { among, keeper, store } = part
  const plain = serverMaker(keeper)
  const createServer = (handler: RequestListener) => plain(among?.listenerOf(handler) ?? handler)
  const ledger = await store.ledgerState()
  refuseWrongDemo(options.config, ledger)
  if (among?.leads === true) {
    await refuseOlderCopy(checkpointFile(options.config.dataDir).read(), ledger, store)
  }
  const second = among?.leads === false ? null : await openSecondJournal(options, store, ledger)
  const { collector, context } = compose({ ...options, keeper, second, among }, store, ledger)
  const api = await buildApi({ context, createServer })
  try {
    await collector.open()
    among?.begin(collector, (request) => api.inject(request))
    await runListening({ options, collector, context, api, part })
  } finally {
    context.entries.close()
    await api.close()
  }
}

/** A real ledger must never be taken for a demo, nor filled with one. */
function refuseWrongDemo({ dataDir, isDemo }: CollectorConfig, ledger: LedgerState): void {
  if (!isDemo || ledger.isDemo) return
  const sentence = `demo is set, but the ledger in ${dataDir} is a real one: name another data_dir`
  throw new AppError('config_invalid', sentence)
}

/** Tokens pin what is shown: nothing, where nothing is. To be opened before the ledger. */
export async function openKeeper(options: ServeOptions): Promise<TlsKeeper | null> {
  const { config, log, world } = options
  const { allowsPlain, dataDir, host, tls } = config
  if (tls !== null) return await TlsKeeper.open({ config: tls, dataDir, host, world, log })
  forgetTold(dataDir)
  if (allowsPlain) log.warn({ host }, 'allow_plain: links and passwords go over the network bare')
  return null
}

interface Composed {
  readonly collector: Collector
  readonly context: ApiContext
}

function compose(
  options: ServeOptions & {
    readonly keeper: TlsKeeper | null
    readonly second: SecondJournal | null
    readonly among: Among | null
  },
  store: ThreadedStore,
  ledger: LedgerState,
): Composed {
  const { among, config, keeper, log, second, world } = options
  const leads = among?.leads !== false
  const catalogue = loadCatalogue()
  const identity = readOrCreateIdentity(config.dataDir, world.random)
  const face = logFace(ledger, identity, witnessKeys(config.witnesses))
  const keys = new KeyDesk({
    store,
    clock: world.clock,
    log,
    identity,
    onRevoked: (nodeId) => collector.nodeRevoked(nodeId),
  })
  const tls = tlsService({
    keeper,
    desk: keys,
    clock: world.clock,
    log,
    lookMs: config.lookMs,
    onLook: options.onLook ?? (() => {}),
  })
  const line = () => collector.gateway.children.asks
  const upstream = leads
    ? openUpstream({
        ...{ config, world, log, store, ledger, identity },
        deciding: { context: () => context, line },
      })
    : null
  const adapter = leads
    ? openAdapter({
        ...{ config, world, log, store, ledger, catalogue },
        onJournaled: () => collector.sequencer.hint(),
      })
    : null
  const collector: Collector = new Collector({
    world,
    log,
    store,
    ledger,
    identity,
    lots: new Lots(lotKeyOf(identity), catalogue),
    settings: config,
    checkpoints: checkpointFile(config.dataDir),
    onEntries: () => {
      context.entries.appended()
      context.capacity.hint()
    },
    followers: () => [
      tls,
      ...(leads
        ? [
            ...[context.capacity, context.siteRecords, forecast, promises, plausibility, pruner],
            below.courier,
          ]
        : []),
      ...(among?.services() ?? []),
      ...(second === null ? [] : [second]),
      ...(upstream === null ? [] : [upstream]),
      ...(adapter === null ? [] : [adapter]),
    ],
    keys,
    capacity: () => context.capacity,
    second,
    forecast: () => remembered,
    pools: () => bookedPoolsOf(forecast.pools),
    ...(among?.collectorOptions() ?? {}),
  })
  const below = drawsBelow({
    ...{ store, log, clock: world.clock, line: line() },
    onCommitted: () => collector.sequencer.hint(),
  })
  const forecast = new ForecastFollower({
    store,
    clock: world.clock,
    logger: log,
    work: new ThreadWork({ clock: world.clock }),
    kindKeyOf: (profile) => context.lots.kindOf(profile).key,
    lending: { isLentAt: (unitId, atMs) => collector.leases.lent.isLentAt(unitId, atMs) },
    isCalendarOpen: (siteCode, atMs) => collector.bank.siteHours.isOpen(siteCode, atMs),
    onCommitted: () => collector.sequencer.hint(),
  })
  const remembered = new RememberedForecast(forecast, world.clock)
  const context: ApiContext = createContext({
    store,
    clock: world.clock,
    random: world.random,
    logger: log,
    catalogue,
    ledger,
    face,
    lotKey: lotKeyOf(identity),
    access: {
      ...accessSettings(config, identity),
      authorityPin: () => keeper?.told.pin ?? null,
    },
    timelineMoves: () => collector.timelineMoves,
    outlook: () => forecast.outlook,
    forecast,
    below,
    settings: {
      timeZone: config.timeZone,
      settledLagMs: settledLagMs(config),
      requestsPerMinute: config.limits.requestsPerMinute,
      followersMax: config.limits.followersMax,
    },
    readiness: () => readinessOf({ collector, second, among, stopSignal: options.stopSignal }),
    isSuspended: (nodeId) =>
      collector.liveness.isSuspended(nodeId) || collector.liveness.depositsSuspended(),
    control: controlOf(() => collector, among?.nodeRevoked),
    vitals: () => vitals.read(),
    onOutbox: () => collector.sequencer.hint(),
  })
  const vitals = new Vitals({
    collector,
    store,
    context,
    clock: world.clock,
    dataDir: config.dataDir,
    isLedgerHere: config.storage.url === null,
    prunedRows: () => pruner.prunedRows,
    secondJournal: second,
    certificates: () =>
      keeper === null ? null : { ...keeper.shown, listEndMs: keeper.lists?.endMs ?? null },
    among: () => among?.view() ?? null,
    upstream: () => upstream?.status() ?? null,
    adapter: () => adapter?.report() ?? null,
  })
  const plausibility = new PlausibilityWatcher({
    store,
    clock: world.clock,
    logger: log,
    facts: modelFacts(catalogue),
    pollMs: config.intervals.rollupMs,
    onFound: () => collector.bank.hint(),
  })
  const promises = new Promises({
    store,
    clock: world.clock,
    logger: log,
    picture: () => context.capacity.upToDate(),
    outlook: context.outlook,
    onCommitted: () => collector.sequencer.hint(),
  })
  const pruner = new Pruner({
    store,
    clock: world.clock,
    logger: log,
    retention: config.upkeep.retention,
  })
  log.info(
    { verifier_key: face.verifierKey },
    'checkpoints of the journal are signed with this key',
  )
  return { collector, context }
}

type Api = Awaited<ReturnType<typeof buildApi>>

async function runListening(parts: {
  readonly options: ServeOptions
  readonly collector: Collector
  readonly context: ApiContext
  readonly api: Api
  readonly part: Part
}): Promise<void> {
  const { options, collector, context, api, part } = parts
  const { config, log, say, stopSignal } = options
  const listener = attachLinkListener({
    server: api.server,
    isSecure: config.tls !== null,
    takesPlainText: config.allowsPlain,
    needsCertificate: config.tls !== null && config.tls.clientCaFile !== null,
    admit: (remoteAddress) => collector.gateway.admit(remoteAddress),
    onConnection: (socket) => collector.accept(socket),
  })
  const { port, url } = await listen(api, config, part.port)
  part.onListening?.(port)
  collector.gateway.watchAcceptErrors(api.server)
  collector.gateway.boundAccepts(api.server, connectionsByDescriptors())
  const firstWords = new FirstWords({
    clock: options.world.clock,
    waitMs: config.limits.handshakeTimeoutMs,
    silentPerAddressMax: config.limits.handshakesPerAddressMax,
    onDropped: (code) => collector.gateway.counts.linkEnded('admission', code),
  })
  firstWords.watch(api.server)
  const { isDemo } = context.ledger
  log.info({ url, demo: isDemo, data_dir: config.dataDir }, 'the collector serves')
  // Streams and long polls end at once, so that nobody holds up the stop.
  const stopping = AbortSignal.any([stopSignal, part.over])
  stopping.addEventListener('abort', () => context.entries.close(), { once: true })
  say(JSON.stringify({ ready: true, url, demo: isDemo }))
  options.manager?.ready(`serving ${url}`)
  try {
    await collector.run(stopping)
  } finally {
    firstWords.stop()
    listener.close()
  }
  log.info({}, 'the collector has stopped')
}

async function listen(
  api: Api,
  { host, tls }: CollectorConfig,
  port: number,
): Promise<{ readonly port: number; readonly url: string }> {
  try {
    await api.listen({ host, port })
  } catch (error) {
    const sentence = `cannot listen on ${host}:${port}: ${errorSentence(error)}`
    throw new AppError('connection_failed', sentence, { cause: error })
  }
  const address = api.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const shown = host.includes(':') ? `[${host}]` : host
  return { port: bound, url: `${tls === null ? 'http' : 'https'}://${shown}:${bound}` }
}

function readinessOf(parts: {
  readonly collector: Collector
  readonly second: SecondJournal | null
  readonly among: Among | null
  readonly stopSignal: AbortSignal
}) {
  const { among, collector, second, stopSignal } = parts
  const reasons = [
    ...(stopSignal.aborted ? ['the collector is stopping'] : []),
    ...(collector.ingest.isWriting() ? [] : ['the store cannot be written']),
  ]
  const notes = [
    ...(among?.notes() ?? []),
    ...(collector.recovery.isRecovering()
      ? ['the ledger was restored: nothing is granted until nodes and bank have told what is lent']
      : []),
    ...(second === null || second.isWriting()
      ? []
      : ['the second journal cannot be written: banks are not answered, nothing is granted']),
  ]
  return { isReady: reasons.length === 0, reasons, notes }
}
