/**
 * What a resource code of ours names, and the codes that others have issued for the same thing. What
 * there is in total and what of it is available have codes of their own.
 */
import {
  AppError,
  type CodeFault,
  RESOURCE_SCHEME,
  type Resource,
  resourceCode,
} from '@yiben/shared'
import { z } from 'zod'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { CODE_USES, type IssuedCode } from '../../model/issued-code.ts'
import type { Scope } from '../../storage/requests.ts'
import type { Store } from '../../storage/store.ts'
import { instantOut, instantText } from '../schemas.ts'

/**
 * Numbers of hubs, by their short names. A number is never given to another hub: codes of hubs have
 * been printed.
 */
const HUB_NUMBERS: Readonly<Record<string, number>> = {
  京津冀: 1,
  长三角: 2,
  粤港澳大湾区: 3,
  成渝: 4,
  内蒙古: 5,
  贵州: 6,
  甘肃: 7,
  宁夏: 8,
}

const FAULTS: Readonly<Record<CodeFault, string>> = {
  shape:
    'must have the shape of a resource code, such as YA0000002SX: Y, a kind of H, S, N or A, 9 more',
  check: 'the check character does not fit: a character is mistyped, or two have changed places',
  number: 'names the number 0, which nothing has',
}

const issuedSchema = z.object({
  scheme: z.string(),
  use: z.enum(CODE_USES),
  value: z.string().nullable().meta({ description: 'null: taken back' }),
  issued_by: z.string(),
  valid_from: instantOut,
  recorded_at: instantOut,
  author: z.string(),
})

export const issuedCodesSchema = z
  .array(issuedSchema)
  .meta({ description: 'issued by others, in force now; total and available apart' })

export const codeSchema = z
  .object({
    demo: z.boolean(),
    code: z.string(),
    scheme: z.string(),
    kind: z.enum(['hub', 'site', 'node', 'accelerator']),
    number: z.number().int(),
    key: z.string().meta({ description: 'short name of a hub, site code, node id, resource code' }),
    url: z.string().nullable(),
    issued: issuedCodesSchema,
    history: z.array(issuedSchema).meta({ description: 'every record, the latest first' }),
  })
  .meta({ id: 'Code' })
export type CodeAnswer = z.infer<typeof codeSchema>

export interface CodesParts {
  readonly store: Pick<Store, 'findNumbered' | 'findUnits' | 'readIssuedCodes'>
  readonly clock: { wallMs(): number }
  readonly catalogue: Pick<Catalogue, 'regions'>
  readonly ledger: { readonly isDemo: boolean }
}

/** Throws `request_invalid` that says what is wrong with a mistyped code. */
export function resourceNamed(text: string): Resource {
  const read = RESOURCE_SCHEME.read(text.trim().toUpperCase())
  if (typeof read !== 'string') return read
  throw new AppError('request_invalid', `code: ${FAULTS[read]}`, {
    fields: { field: 'code' },
  })
}

/** Throws `not_found` for what is not there, or not in the scope. */
export async function codeAnswer(
  parts: CodesParts,
  scope: Scope,
  thing: Resource,
): Promise<CodeAnswer> {
  const named = await nameOf(parts, scope, thing)
  const code = resourceCode(thing.kind, thing.number)
  if (named === null) throw new AppError('not_found', `${code} names nothing here`)
  const records = await parts.store.readIssuedCodes(thing)
  return {
    demo: parts.ledger.isDemo,
    code,
    scheme: RESOURCE_SCHEME.id,
    ...thing,
    ...named,
    issued: inForce(records, parts.clock.wallMs()).map(issuedText),
    history: records.map(issuedText),
  }
}

/** Of a thing that the asker has been shown; none for one that has no code of ours. */
export async function issuedCodesOf(
  { store, clock }: Pick<CodesParts, 'store' | 'clock'>,
  code: string | null,
): Promise<z.infer<typeof issuedCodesSchema>> {
  if (code === null) return []
  const records = await store.readIssuedCodes(resourceNamed(code))
  return inForce(records, clock.wallMs()).map(issuedText)
}

async function nameOf(
  { store, catalogue }: CodesParts,
  scope: Scope,
  { kind, number }: Resource,
): Promise<Pick<CodeAnswer, 'key' | 'url'> | null> {
  switch (kind) {
    case 'hub': {
      const hub = catalogue.regions.hubs.find(({ shortZh }) => HUB_NUMBERS[shortZh] === number)
      return hub === undefined ? null : { key: hub.shortZh, url: null }
    }
    case 'accelerator': {
      const [unit] = await store.findUnits(scope, number)
      const key = resourceCode(kind, number)
      return unit === undefined ? null : { key, url: `/v1/accelerators/${key}` }
    }
    default: {
      const thing = await store.findNumbered(scope, kind, number)
      if (thing === null) return null
      return { key: thing.key, url: `/v1/${kind}s/${encodeURIComponent(thing.key)}` }
    }
  }
}

/** `null` for a hub that has no number yet. */
export function hubCodeOf(shortZh: string): string | null {
  const number = HUB_NUMBERS[shortZh]
  return number === undefined ? null : resourceCode('hub', number)
}

/** Of each scheme and use the last record that has begun, unless it takes the code back. */
function inForce(records: readonly IssuedCode[], nowMs: number): readonly IssuedCode[] {
  const seen = new Set<string>()
  return records.filter(({ scheme, use, validFromMs, value }) => {
    const key = `${use}/${scheme}`
    if (validFromMs > nowMs || seen.has(key)) return false
    seen.add(key)
    return value !== null
  })
}

function issuedText(code: IssuedCode): z.infer<typeof issuedSchema> {
  return {
    scheme: code.scheme,
    use: code.use,
    value: code.value,
    issued_by: code.issuedBy,
    valid_from: instantText(code.validFromMs),
    recorded_at: instantText(code.recordedAtMs),
    author: code.author,
  }
}
