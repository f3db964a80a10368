/**
 * `token create | list | revoke`: enrollment tokens of a site, and access tokens with a role and a
 * scope. A token is shown once, alone on standard output so that it can be piped on; what is stored
 * is its hash.
 */
import { AppError, renderTable, silentLogger } from '@yiben/shared'
import { durationMsOf } from '../config/option-kinds.ts'
import { readOrCreateIdentity } from '../identity-file.ts'
import {
  mintToken,
  TOKEN_TTL_MS_DEFAULT,
  type TokenRequest,
  tokenRevoked,
} from '../inventory/administration.ts'
import { ROLES, SCOPE_ALL, type TokenRow } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { TlsKeeper } from '../tls/keeper.ts'
import { readTold } from '../tls/told.ts'
import {
  type CommandContext,
  type CommandResult,
  commandAuthor,
  countOf,
  jsonText,
  withLedger,
  withStore,
  wordOf,
} from './command.ts'

export interface TokenCreateOptions {
  readonly site?: string
  readonly role?: string
  readonly region?: string
  readonly uses?: string
  readonly from?: string
  readonly ttl?: string
  /** A collector that is to report here: what this one calls it. */
  readonly child?: string
}

export async function runTokenCreate(
  context: CommandContext,
  options: TokenCreateOptions,
): Promise<CommandResult> {
  const request = requestOf(options)
  const { config, world } = context
  const authorityPin = await pinOfShown(context)
  return await withStore(context, async (store) => {
    if (request.siteCode !== null) await requireSite(store, request.siteCode)
    const minted = mintToken(request, {
      random: world.random,
      identity: readOrCreateIdentity(config.dataDir, world.random),
      authorityPin,
      by: commandAuthor(),
      nowMs: world.clock.wallMs(),
    })
    await store.createToken(minted.row, minted.outbox)
    if (context.json) {
      const facts = { token: minted.text, ...factsOf(minted.row) }
      const pin = minted.row.kind !== 'access' ? { authority_pin: authorityPin } : {}
      return { exitCode: 0, stdout: jsonText({ ...facts, ...pin }) }
    }
    const until = new Date(minted.row.expiresAtMs).toISOString()
    const what = whatOf(minted.row)
    const isPinned = minted.row.kind !== 'access' && authorityPin !== null
    const pin = isPinned ? `, pins the authority ${authorityPin}` : ''
    const note = `${what} token ${minted.row.tokenId}, valid until ${until}${pin}; it is shown only now\n`
    return { exitCode: 0, stdout: `${minted.text}\n`, note }
  })
}

/** Of what is served from this folder; before the first start, of what will be. */
async function pinOfShown({ config, world }: CommandContext): Promise<string | null> {
  const { dataDir, host, tls } = config
  const told = readTold(dataDir)
  if (told !== null || tls === null) return told?.pin ?? null
  const keeper = await TlsKeeper.open({ config: tls, dataDir, host, world, log: silentLogger })
  return keeper.told.pin
}

function requestOf(options: TokenCreateOptions): TokenRequest {
  const ttlMs = options.ttl === undefined ? TOKEN_TTL_MS_DEFAULT : durationMsOf(options.ttl)
  if (ttlMs === null) {
    throw new AppError('usage_invalid', '--ttl must be a duration with its unit, such as 14d')
  }
  const { child, role, site } = options
  if (site === undefined && role === undefined && child === undefined) {
    const sentence =
      'give --site for an enrollment token, --child for a collector or --role for access'
    throw new AppError('usage_invalid', sentence)
  }
  return {
    role: options.role === undefined ? null : wordOf(options.role, ROLES, '--role'),
    siteCode: options.site ?? null,
    regionCode: options.region ?? null,
    cidr: options.from ?? null,
    uses: options.uses === undefined ? null : countOf(options.uses, '--uses'),
    ttlMs,
    ...(child === undefined ? {} : { childName: child }),
  }
}

function whatOf(row: TokenRow): string {
  if (row.kind === 'child') return `child ${row.childName}`
  return row.kind === 'enroll' ? 'enrollment' : `${row.role} access`
}

async function requireSite(store: Store, code: string): Promise<void> {
  const sites = await store.listSites(SCOPE_ALL)
  if (sites.some((site) => site.code === code)) return
  const sentence = `there is no site ${code}: make it first with \`site put ${code} --name … --region …\``
  throw new AppError('not_found', sentence)
}

export async function runTokenList(context: CommandContext): Promise<CommandResult> {
  const rows = await withLedger(context, (store) => store.listTokens())
  if (context.json) return { exitCode: 0, stdout: jsonText(rows.map(factsOf)) }
  const nowMs = context.world.clock.wallMs()
  const columns = ['id', 'kind', 'role', 'site', 'region', 'uses left', 'expires', 'status']
  const table = rows.map((row) => [
    row.tokenId,
    row.kind,
    row.role ?? '',
    row.siteCode ?? '',
    row.regionCode ?? '',
    row.usesLeft === null ? '' : String(row.usesLeft),
    new Date(row.expiresAtMs).toISOString(),
    statusOf(row, nowMs),
  ])
  return {
    exitCode: 0,
    stdout: renderTable(columns, table),
  }
}

export async function runTokenRevoke(
  context: CommandContext,
  tokenId: string,
): Promise<CommandResult> {
  const nowMs = context.world.clock.wallMs()
  const entry = tokenRevoked(tokenId, commandAuthor(), nowMs)
  const { status } = await withLedger(context, (store) =>
    store.revokeToken(tokenId, nowMs, [entry]),
  )
  if (status === 'not_found') throw new AppError('not_found', `there is no token ${tokenId}`)
  const stdout = context.json
    ? jsonText({ token_id: tokenId, status })
    : `token ${tokenId} is revoked\n`
  return { exitCode: 0, stdout }
}

function statusOf(row: TokenRow, nowMs: number): string {
  if (row.revokedAtMs !== null) return 'revoked'
  if (row.expiresAtMs <= nowMs) return 'expired'
  return row.usesLeft === 0 ? 'used up' : 'valid'
}

function factsOf(row: TokenRow) {
  return {
    token_id: row.tokenId,
    kind: row.kind,
    role: row.role,
    site_code: row.siteCode,
    region_code: row.regionCode,
    from: row.cidr,
    uses_left: row.usesLeft,
    created_at: new Date(row.createdAtMs).toISOString(),
    expires_at: new Date(row.expiresAtMs).toISOString(),
    revoked_at: row.revokedAtMs === null ? null : new Date(row.revokedAtMs).toISOString(),
  }
}
