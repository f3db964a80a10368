/**
 * What people change: sites and their terms, declared capacity, tokens, who may join, which of two
 * claims counts. Pure: each
 * function checks the words it is given and returns the rows and the journal entry that go to the
 * store in one transaction. The command line and the HTTP interface share it.
 *
 * Throws `request_invalid` with a sentence that names the field.
 */
import { isIP } from 'node:net'
import {
  ACCESS_SECRET_BYTES,
  AppError,
  creditCodeOf,
  type DivisionCode,
  divisionCodeOf,
  ENROLL_SECRET_BYTES,
  formatAccessToken,
  formatEnrollmentToken,
  type Random,
  randomHex,
  type SiteCode,
  secretHash,
  siteCodeOf,
  TOKEN_ID_BYTES,
} from '@yiben/shared'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { Finding } from '../model/implausible.ts'
import type { Conflict } from '../model/inventory.ts'
import type { JsonObject, OutboxEntry } from '../model/ledger.ts'
import type { DeclaredCapacity, KeptCards, SiteTerms } from '../model/site.ts'
import type { Role, Scope, TokenRow } from '../storage/requests.ts'

/** Long enough for a name in any language, short enough for a table. */
const NAME_LENGTH_MAX = 120
const DAY_MS = 86_400_000
/** Two weeks to roll out a site; an access token is renewed as often. */
export const TOKEN_TTL_MS_DEFAULT = 14 * DAY_MS
/** A token that outlives its owner's job is a risk nobody remembers. */
const TOKEN_TTL_MS_MAX = 400 * DAY_MS
/** One token for a whole country's site, and no more. */
const TOKEN_USES_MAX = 100_000
/** More cards than any one site has by two orders of magnitude. */
const DECLARED_CARDS_MAX = 100_000_000
/** More models than any site has. */
const KEPT_MODELS_MAX = 200

export interface SiteRequest {
  readonly code: string
  readonly name: string
  readonly regionCode: string
  readonly operatorCode: string | null
  readonly operatorName: string | null
  readonly ownerCode: string | null
  readonly ownerName: string | null
  /** Cards that are never deposited here, each model once. */
  readonly keep: readonly KeptCards[]
  readonly validFromMs: number
}

/** What the catalogue knows. */
export interface SiteNames {
  /** The division lies in one of its provinces. */
  hasPlace(code: DivisionCode): boolean
  hasModel(model: string): boolean
}

export interface SiteChange {
  readonly code: SiteCode
  readonly name: string
  readonly terms: SiteTerms
  readonly outbox: readonly OutboxEntry[]
}

export function siteNamesOf(catalogue: Pick<Catalogue, 'chips' | 'place'>): SiteNames {
  return {
    hasPlace: (code) => catalogue.place(code) !== null,
    hasModel: (model) => catalogue.chips.some((chip) => chip.model === model),
  }
}

export function siteChange(
  request: SiteRequest,
  names: SiteNames,
  by: string,
  nowMs: number,
): SiteChange {
  const code = siteCode(request.code)
  const regionCode = regionCodeOf(request.regionCode, 'region_code')
  if (!names.hasPlace(regionCode)) {
    throw invalid('region_code', `${regionCode} lies in no province of GB/T 2260`)
  }
  const terms: SiteTerms = {
    operatorCode: creditCode(request.operatorCode, 'operator_code'),
    operatorName: nameOrNull(request.operatorName, 'operator_name'),
    ownerCode: creditCode(request.ownerCode, 'owner_code'),
    ownerName: nameOrNull(request.ownerName, 'owner_name'),
    regionCode,
    keep: keptCards(request.keep, names),
    validFromMs: request.validFromMs,
    validToMs: null,
  }
  const name = nameOf(request.name, 'name')
  const payload: JsonObject = {
    by,
    site_code: code,
    name,
    region_code: terms.regionCode,
    operator_code: terms.operatorCode,
    operator_name: terms.operatorName,
    owner_code: terms.ownerCode,
    owner_name: terms.ownerName,
    keep: terms.keep.map(({ cards, model }) => ({ model, cards })),
    valid_from_ms: terms.validFromMs,
  }
  return { code, name, terms, outbox: [{ kind: 'site_changed', atMs: nowMs, payload }] }
}

function keptCards(keep: readonly KeptCards[], names: SiteNames): readonly KeptCards[] {
  if (keep.length > KEPT_MODELS_MAX)
    throw invalid('keep', `has more than ${KEPT_MODELS_MAX} models`)
  const seen = new Set<string>()
  for (const { cards, model } of keep) {
    if (!names.hasModel(model)) throw invalid('keep', `${model} is no model of the catalogue`)
    if (seen.has(model)) throw invalid('keep', `${model} is there twice`)
    if (!isCount(cards, DECLARED_CARDS_MAX)) {
      throw invalid('keep', `cards must be a whole number of 1–${DECLARED_CARDS_MAX}`)
    }
    seen.add(model)
  }
  return [...keep].sort((left, right) => (left.model < right.model ? -1 : 1))
}

export interface DeclaredChange {
  readonly declared: DeclaredCapacity
  readonly outbox: readonly OutboxEntry[]
}

export function declaredChange(declared: DeclaredCapacity): DeclaredChange {
  const code = siteCode(declared.siteCode)
  nameOf(declared.model, 'model')
  nameOf(declared.author, 'author')
  if (!isCount(declared.cards, DECLARED_CARDS_MAX) && declared.cards !== 0) {
    throw invalid('cards', `must be a whole number of 0–${DECLARED_CARDS_MAX}`)
  }
  if (declared.declaredMilliP < 0n) throw invalid('declared_p', 'must not be negative')
  const payload: JsonObject = {
    site_code: code,
    model: declared.model,
    cards: declared.cards,
    declared_milli_p: declared.declaredMilliP.toString(),
    basis: declared.basis,
    author: declared.author,
  }
  return { declared, outbox: [{ kind: 'declared', atMs: declared.declaredAtMs, payload }] }
}

export interface TokenRequest {
  /** `null`: an enrollment token. */
  readonly role: Role | null
  readonly siteCode: string | null
  readonly regionCode: string | null
  readonly cidr: string | null
  readonly uses: number | null
  readonly ttlMs: number
  /** An enrollment token of a collector that is to report here; what this one calls it. */
  readonly childName?: string
}

export interface MintedToken {
  /** Shown once; only its hash is stored. */
  readonly text: string
  readonly row: TokenRow
  readonly outbox: readonly OutboxEntry[]
}

export interface MintOptions {
  readonly random: Random
  /** What a node is told to trust. */
  readonly identity: { readonly algorithm: number; readonly publicKey: string }
  /** Of the authority whose certificate is shown; `null`, or left out: nodes trust whom they do. */
  readonly authorityPin?: string | null
  readonly by: string
  readonly nowMs: number
}

export function mintToken(request: TokenRequest, options: MintOptions): MintedToken {
  refuseWrongToken(request)
  const id = randomHex(options.random, TOKEN_ID_BYTES)
  const secret = options.random.bytes(
    request.role === null ? ENROLL_SECRET_BYTES : ACCESS_SECRET_BYTES,
  )
  const { authorityPin = null, identity } = options
  const { algorithm, publicKey } = identity
  const row: TokenRow = {
    tokenId: id,
    kind: kindOf(request),
    secretHash: Buffer.from(secretHash(secret)).toString('hex'),
    siteCode: request.siteCode === null ? null : siteCode(request.siteCode),
    role: request.role,
    regionCode: request.regionCode === null ? null : regionCodeOf(request.regionCode, 'region'),
    cidr: request.cidr,
    usesLeft: request.role === null ? (request.uses ?? 1) : null,
    createdAtMs: options.nowMs,
    expiresAtMs: options.nowMs + request.ttlMs,
    revokedAtMs: null,
    ...(request.childName === undefined ? {} : { childName: nameOf(request.childName, 'child') }),
  }
  return {
    text:
      request.role === null
        ? formatEnrollmentToken({ id, secret, algorithm, collectorKey: publicKey, authorityPin })
        : formatAccessToken({ id, secret }),
    row,
    outbox: [tokenEntry('token_created', row, options)],
  }
}

export function tokenRevoked(tokenId: string, by: string, nowMs: number): OutboxEntry {
  return { kind: 'token_revoked', atMs: nowMs, payload: { by, token_id: tokenId } }
}

export function nodeRevoked(nodeId: NodeId, by: string, nowMs: number): OutboxEntry {
  return { kind: 'node_revoked', atMs: nowMs, payload: { by, node_id: nodeId } }
}

/** It takes a new key by itself; the entry that it has done so names the new one. */
export function nodeKeyAsked(nodeId: NodeId, by: string, nowMs: number): OutboxEntry {
  return { kind: 'node_key_asked', atMs: nowMs, payload: { by, node_id: nodeId } }
}

export interface ConflictResolution {
  readonly conflictId: number
  readonly keepUnitId: UnitId
  readonly by: string
  readonly atMs: number
  readonly outbox: readonly OutboxEntry[]
}

/** A person says which of the two claims counts; the other one does not, for all of its time. */
export function conflictResolved(
  conflict: Conflict,
  keepUnitId: number,
  by: string,
  nowMs: number,
): ConflictResolution {
  const { conflictId, acceleratorId, keptUnitId, otherUnitId } = conflict
  const claims = [keptUnitId, otherUnitId]
  const kept = claims.find((unitId) => unitId === keepUnitId)
  const dropped = claims.find((unitId) => unitId !== keepUnitId)
  if (kept === undefined || dropped === undefined) {
    throw invalid('keep_unit_id', `must be one of the two claims: ${claims.join(' or ')}`)
  }
  const payload: JsonObject = {
    by,
    conflict_id: conflictId,
    accelerator_id: acceleratorId,
    kept_unit_id: kept,
    dropped_unit_id: dropped,
    from_ms: conflict.fromMs,
    to_ms: conflict.toMs,
  }
  const outbox = [{ kind: 'conflict_resolved' as const, atMs: nowMs, payload }]
  return { conflictId, keepUnitId: kept, by, atMs: nowMs, outbox }
}

/** A person has looked at a finding and says why nothing is wrong. */
export function findingCleared(
  finding: Pick<Finding, 'findingId' | 'rule' | 'nodeId' | 'unitId'>,
  because: string,
  by: string,
  nowMs: number,
) {
  const { findingId, nodeId, rule, unitId } = finding
  const payload = { by, finding_id: findingId, node_id: nodeId, unit_id: unitId, rule, because }
  const outbox = [{ kind: 'implausible_cleared' as const, atMs: nowMs, payload }]
  return { findingId, by, because, atMs: nowMs, outbox }
}

/** What an access token may see. */
export function scopeOf(token: Pick<TokenRow, 'siteCode' | 'regionCode'>): Scope {
  return {
    regions: token.regionCode === null ? 'all' : [regionPrefix(token.regionCode)],
    sites: token.siteCode === null ? 'all' : [token.siteCode],
  }
}

/** `110000` → `11`, `310100` → `3101`, `310115` as it is. */
function regionPrefix(code: string): string {
  if (code.endsWith('0000')) return code.slice(0, 2)
  return code.endsWith('00') ? code.slice(0, 4) : code
}

function tokenEntry(
  kind: 'token_created',
  row: TokenRow,
  { by, nowMs }: Pick<MintOptions, 'by' | 'nowMs'>,
): OutboxEntry {
  const payload: JsonObject = {
    by,
    token_id: row.tokenId,
    token_kind: row.kind,
    role: row.role,
    site_code: row.siteCode,
    region_code: row.regionCode,
    cidr: row.cidr,
    ...(row.childName === undefined ? {} : { child_name: row.childName }),
    uses: row.usesLeft,
    expires_at_ms: row.expiresAtMs,
  }
  return { kind, atMs: nowMs, payload }
}

function kindOf({ childName, role }: TokenRequest): TokenRow['kind'] {
  if (childName !== undefined) return 'child'
  return role === null ? 'enroll' : 'access'
}

function refuseWrongToken(request: TokenRequest): void {
  const isChild = request.childName !== undefined
  if (isChild && (request.role !== null || request.siteCode !== null)) {
    throw invalid('child', 'a token of a child has no role and no site')
  }
  if (!isChild && request.role === null && request.siteCode === null) {
    throw invalid('site', 'an enrollment token needs a site; an access token needs a role')
  }
  if (!isChild && request.role === null && request.regionCode !== null) {
    throw invalid('region', 'an enrollment token is bound to its site, not to a region')
  }
  if (request.role !== null && (request.uses !== null || request.cidr !== null)) {
    throw invalid(request.uses !== null ? 'uses' : 'from', 'belongs to enrollment tokens only')
  }
  if (request.uses !== null && !isCount(request.uses, TOKEN_USES_MAX)) {
    throw invalid('uses', `must be a whole number of 1–${TOKEN_USES_MAX}`)
  }
  if (!isCount(request.ttlMs, TOKEN_TTL_MS_MAX)) {
    throw invalid('ttl', `must be longer than 0 and at most ${TOKEN_TTL_MS_MAX / DAY_MS}d`)
  }
  if (request.cidr !== null && !isCidr(request.cidr)) {
    throw invalid('from', 'must be an address range such as 10.0.0.0/8 or 2001:db8::/32')
  }
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/')
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false
  const family = isIP(address)
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128)
}

function isCount(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= max
}

function siteCode(text: string): SiteCode {
  const code = siteCodeOf(text)
  if (code === null) {
    throw invalid('site', 'must be 3–32 capitals, digits and single inner hyphens, as in BJ-YZ-01')
  }
  return code
}

function regionCodeOf(text: string, field: string): DivisionCode {
  const code = divisionCodeOf(text)
  if (code === null) throw invalid(field, 'must be a GB/T 2260 code of six digits, as in 110000')
  return code
}

function creditCode(text: string | null, field: string): string | null {
  if (text === null) return null
  const code = creditCodeOf(text)
  if (code === null) {
    throw invalid(field, 'must be a unified social credit code; its check character does not fit')
  }
  return code
}

function nameOf(text: string, field: string): string {
  const name = text.trim()
  if (name === '' || name.length > NAME_LENGTH_MAX) {
    throw invalid(field, `must have 1–${NAME_LENGTH_MAX} characters`)
  }
  return name
}

function nameOrNull(text: string | null, field: string): string | null {
  return text === null ? null : nameOf(text, field)
}

function invalid(field: string, sentence: string): AppError {
  return new AppError('request_invalid', `${field}: ${sentence}`, { fields: { field } })
}
