/**
 * A process that serves a ledger in a database beside others, part after part: it leads, or serves
 * beside the one that does, until that one is gone, another one has taken over, or the database is
 * out of reach; then all is closed and the next part begins as a start of the process would.
 */
import { hostname } from 'node:os'
import { AppError, type ErrorCode, errorCode, errorSentence, randomHex, sleep } from '@yiben/shared'
import { ENDINGS, type Ending, StandingWatch } from '../cluster/standing-watch.ts'
import { type JoinedMembers, joinMembers, openPartStore } from '../storage/open.ts'
import { Among } from './among.ts'
import { openKeeper, type ServeOptions, servePart } from './serve-part.ts'

const INSTANCE_BYTES = 8
const AGAIN_MS = 1_000
/** What the database says when it is away for a while. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['store_unavailable', 'overloaded', 'disk_locked'])

/** Runs until told to stop; throws what it cannot go on with. */
export async function serveAmong(options: ServeOptions): Promise<void> {
  const { config, log, stopSignal, world } = options
  let { port } = config
  let suspect: number | null = null
  let isFirst = true
  const onListening = (bound: number) => {
    port = bound
    isFirst = false
  }
  while (!stopSignal.aborted) {
    const keeper = await openKeeper(options)
    const members = await joined(options, { port, isFirst })
    if (members === null) return
    try {
      const ending = await playPart(options, members, { keeper, suspect, port, onListening })
      suspect = ending?.kind === 'leader_gone' ? ending.suspect : null
    } catch (error) {
      if (isFirst || !(error instanceof AppError) || !PASSING.has(error.code)) throw error
      log.warn({ code: error.code, reason: error.message }, 'a part of this collector ends early')
      await sleep(world.clock, AGAIN_MS)
    } finally {
      await members.leave()
      await members.close()
    }
  }
}

type Keeper = Awaited<ReturnType<typeof openKeeper>>

/** `null`: told to stop meanwhile. What fails at first ends the process; later it is waited for. */
async function joined(
  options: ServeOptions,
  { isFirst, port }: { readonly isFirst: boolean; readonly port: number },
): Promise<JoinedMembers | null> {
  const { config, log, manager = null, stopSignal, world } = options
  const { clock, random } = world
  const name = `${hostname()}:${port}`
  const instance = randomHex(random, INSTANCE_BYTES)
  const join = () =>
    joinMembers({ ...config, random, clock, log, instance, name, isAgain: !isFirst })
  // A new format takes as long as the ledger is large.
  if (isFirst) {
    return await (manager === null ? join() : manager.starting('opening the ledger', join))
  }
  while (!stopSignal.aborted) {
    try {
      return await join()
    } catch (error) {
      if (!(error instanceof AppError) || !PASSING.has(error.code)) throw error
      log.debug({ code: errorCode(error), reason: errorSentence(error) }, 'not back yet')
      await sleep(clock, AGAIN_MS)
    }
  }
  return null
}

/** `null`: told to stop. */
async function playPart(
  options: ServeOptions,
  members: JoinedMembers,
  rest: {
    readonly keeper: Keeper
    readonly suspect: number | null
    readonly port: number
    readonly onListening: (port: number) => void
  },
): Promise<Ending | null> {
  const { config, log, world } = options
  const { clock, random } = world
  const { keeper, onListening, port, suspect } = rest
  const own = await members.lead(suspect)
  const leads = own !== null
  const standing = await members.beat()
  const over = new AbortController()
  let ending: Ending | null = null
  const end = (told: Ending) => {
    if (ending !== null) return
    ending = told
    log.warn({ ...told, leader: watch.standing.leader?.name ?? null }, ENDINGS[told.kind])
    // Nothing that is under way may still wait for a database that it may not write to, or cannot.
    if (told.kind === 'deposed' || told.kind === 'cut_off') store.abandon()
    over.abort()
  }
  const store = await openPartStore({
    storage: config.storage,
    number: own,
    onDeath: () => end({ kind: 'deposed' }),
  })
  const number = own ?? standing.number
  const watch = new StandingWatch({ members, clock, log, number, leads, onEnd: end }, standing)
  const among = new Among({ members, watch, leads, clock, random, log })
  log.info(
    { leads, leader: standing.leader?.name ?? null, collectors: standing.members.length },
    leads ? 'this collector leads' : 'this collector serves beside the one that leads',
  )
  const running = [watch.run(), members.listen(() => among.wake())]
  try {
    await servePart(options, { store, keeper, over: over.signal, among, port, onListening })
  } finally {
    watch.stop()
    among.end()
    await store.close()
    members.endListening()
    await Promise.all(running)
  }
  return ending
}
