/**
 * `tls status | ca | rotate-ca`: what the collector shows of itself, what nodes know of it, and the
 * change of its own authority. A serving collector takes up what is written here at its next look.
 */
import { X509Certificate } from 'node:crypto'
import { AppError, pinOf, renderTable } from '@yiben/shared'
import { durationMsOf } from '../config/option-kinds.ts'
import type { ChildListRow } from '../storage/children-store.ts'
import type { TrustSpread } from '../storage/node-key-store.ts'
import { type AuthorityState, beginRotation, readAuthority } from '../tls/authority-file.ts'
import { readTold, type Told } from '../tls/told.ts'
import { type CommandContext, type CommandResult, jsonText, withLedger } from './command.ts'

const DAY_MS = 86_400_000
/** Longer than a maintenance window, shorter than the patience for one. */
const SWITCH_BY_DEFAULT = '14d'
/** Longer than a machine is away for repair, and than an enrollment token is valid. */
const DROP_AFTER_DEFAULT = '60d'
/** Nodes unheard for longer are not waited for. */
const HEARD_WITHIN_MS = DAY_MS
/** So many that are away are named to a person. */
const AWAY_MAX = 20

/** Whoever follows the authority by the link. */
interface Followers {
  readonly nodes: TrustSpread
  /** Collectors that report here over it; the longest unheard first. */
  readonly collectors: readonly ChildListRow[]
}

export interface RotateCaOptions {
  readonly switchBy?: string
  readonly dropAfter?: string
}

export async function runTlsStatus(context: CommandContext): Promise<CommandResult> {
  const { config, world } = context
  const told = toldOf(context)
  const state = readAuthority(config.dataDir)
  const since = world.clock.wallMs() - HEARD_WITHIN_MS
  const followers =
    told.roots.length === 0
      ? null
      : await withLedger(context, async (store) => ({
          nodes: await store.readTrustSpread(told.version, since),
          collectors: collectorsOf(await store.listChildren()),
        }))
  if (context.json) return { exitCode: 0, stdout: jsonText(factsOf(told, state, followers)) }
  const lines = [
    `tokens pin ${told.pin ?? 'no authority'}; nodes are told version ${told.version}`,
    ...(followers === null
      ? ['nodes are told nothing: the authority is not in the chain that is shown']
      : spreadOf(followers)),
    ...changeOf(state),
  ]
  const authorities = renderTable(
    ['authority', 'pin', 'valid until', 'role'],
    told.roots.map((pem) => {
      const certificate = new X509Certificate(pem)
      const { subject, validToDate } = certificate
      const name = subject.split('\n').at(-1) ?? subject
      return [name, pinOf(certificate), validToDate.toISOString(), roleOf(pem, state)]
    }),
  )
  return { exitCode: 0, stdout: `${lines.join('\n')}\n\n${authorities}${missing(followers)}` }
}

/** For browsers and whoever else is not told by the link. */
export function runTlsCa(context: CommandContext): CommandResult {
  const { roots } = toldOf(context)
  const stdout = context.json ? jsonText({ roots }) : roots.join('')
  return { exitCode: 0, stdout }
}

export async function runTlsRotateCa(
  context: CommandContext,
  options: RotateCaOptions,
): Promise<CommandResult> {
  const { config, json, world } = context
  const nowMs = world.clock.wallMs()
  const switchByMs = nowMs + durationOf(options.switchBy ?? SWITCH_BY_DEFAULT, '--switch-by')
  const dropAfterMs = durationOf(options.dropAfter ?? DROP_AFTER_DEFAULT, '--drop-after')
  const state = await beginRotation(
    config.dataDir,
    { random: world.random, nowMs },
    { switchByMs, dropAfterMs },
  )
  const pin = state.next === null ? null : pinOf(new X509Certificate(state.next.cert))
  if (json) {
    const facts = { pin, switch_by: timeOf(switchByMs), drop_after_s: dropAfterMs / 1_000 }
    return { exitCode: 0, stdout: jsonText(facts) }
  }
  return {
    exitCode: 0,
    stdout: `a new authority is made (${pin}): the serving collector tells nodes, and shows it when those that are here know it, at the latest ${timeOf(switchByMs)}\n`,
  }
}

function toldOf({ config: { dataDir } }: CommandContext): Told {
  const told = readTold(dataDir)
  if (told !== null) return told
  const sentence = `nothing is served with TLS from ${dataDir}: start \`serve\` with a certificate`
  throw new AppError('state_missing', sentence)
}

function roleOf(pem: string, state: AuthorityState | null): string {
  if (pem === state?.current.cert) return 'signs'
  if (pem === state?.next?.cert) return 'next'
  return pem === state?.previous?.cert ? 'before' : 'given'
}

function changeOf(state: AuthorityState | null): readonly string[] {
  if (state?.next) {
    return [
      `the next authority signs once nodes know it, at the latest ${timeOf(state.next.switchByMs)}`,
    ]
  }
  if (!state?.previous) return []
  return [`the authority before vouches for this one until ${timeOf(state.previous.dropAtMs)}`]
}

/** One that is brought files never sees a certificate. */
function collectorsOf(children: readonly ChildListRow[]): readonly ChildListRow[] {
  return children
    .filter(({ child }) => child.status === 'active' && !child.isOneWay)
    .sort((left, right) => (left.session.lastHeardMs ?? 0) - (right.session.lastHeardMs ?? 0))
}

function awayOf({ collectors }: Followers): readonly ChildListRow[] {
  return collectors.filter(({ session }) => !session.isConnected)
}

function spreadOf(followers: Followers): readonly string[] {
  const { collectors, nodes } = followers
  const ofNodes = `${nodes.knowing} of ${nodes.nodes} nodes know it; of the others ${nodes.waitedFor} were heard within a day`
  if (collectors.length === 0) return [ofNodes]
  const connected = collectors.length - awayOf(followers).length
  return [
    ofNodes,
    `${connected} of ${collectors.length} collectors that report here are connected, and are told; the others are told as they come back`,
  ]
}

function missing(followers: Followers | null): string {
  if (followers === null) return ''
  const heard = (lastHeardMs: number | null) =>
    lastHeardMs === null ? 'never' : timeOf(lastHeardMs)
  const nodes = followers.nodes.examples.map(({ lastHeardMs, name, nodeId }) => [
    nodeId,
    name,
    heard(lastHeardMs),
  ])
  const away = awayOf(followers)
    .slice(0, AWAY_MAX)
    .map(({ child, session }) => [child.childId, child.name, heard(session.lastHeardMs)])
  const tables = [
    ...(nodes.length === 0 ? [] : [renderTable(['does not know it', 'name', 'last heard'], nodes)]),
    ...(away.length === 0 ? [] : [renderTable(['collector away', 'name', 'last heard'], away)]),
  ]
  return tables.map((table) => `\n${table}`).join('')
}

function factsOf(told: Told, state: AuthorityState | null, followers: Followers | null) {
  const spread = followers?.nodes ?? null
  return {
    pin: told.pin,
    version: told.version,
    authorities: told.roots.map((pem) => {
      const certificate = new X509Certificate(pem)
      const valid_until = certificate.validToDate.toISOString()
      return { pin: pinOf(certificate), valid_until, role: roleOf(pem, state) }
    }),
    switch_by: state?.next ? timeOf(state.next.switchByMs) : null,
    drop_at: state?.previous ? timeOf(state.previous.dropAtMs) : null,
    nodes: spread === null ? null : spread.nodes,
    nodes_knowing: spread === null ? null : spread.knowing,
    nodes_waited_for: spread === null ? null : spread.waitedFor,
    nodes_not_knowing: (spread?.examples ?? []).map(({ lastHeardMs, name, nodeId }) => ({
      node_id: nodeId,
      name,
      last_heard: lastHeardMs === null ? null : timeOf(lastHeardMs),
    })),
    collectors: followers === null ? null : followers.collectors.length,
    collectors_connected:
      followers === null ? null : followers.collectors.length - awayOf(followers).length,
    collectors_away: (followers === null ? [] : awayOf(followers).slice(0, AWAY_MAX)).map(
      ({ child, session }) => ({
        child_id: child.childId,
        name: child.name,
        last_heard: session.lastHeardMs === null ? null : timeOf(session.lastHeardMs),
      }),
    ),
  }
}

function durationOf(text: string, option: string): number {
  const ms = durationMsOf(text)
  if (ms !== null) return ms
  throw new AppError('usage_invalid', `${option} must be a duration with its unit, such as 14d`)
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
