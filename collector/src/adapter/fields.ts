/** The fields of a template, checked against the facts that rows of a run have. Pure. */
import { FACTS, type FactKind, type RowKind } from './facts.ts'
import { refuseFigure, TemplateFault } from './template-fault.ts'
import type { FieldText } from './template-schema.ts'

export type FieldSource =
  | { readonly of: 'value'; readonly text: string }
  | { readonly of: 'fact'; readonly fact: string; readonly kind: FactKind }
  /** Constants and fields before it, by name; unknown as soon as one of them is. */
  | { readonly of: 'text'; readonly pattern: string }

export interface Field {
  readonly name: string
  readonly source: FieldSource
  readonly table: string | null
  /** 10 to this power nano-TFLOPS make one. */
  readonly unitDigits: number
  readonly decimals: number
  readonly rounding: 'down' | 'half_up'
  readonly time: string
  readonly isNumber: boolean
  /** Left out: what the file says. */
  readonly unknown?: string | null
  readonly ifUnknown: 'tell' | 'leave_out' | 'stop'
  readonly isHidden: boolean
}

export interface FieldsContext {
  readonly place: string
  readonly rows: RowKind
  readonly constants: Readonly<Record<string, string>>
  readonly tables: ReadonlySet<string>
  readonly isCsv: boolean
  readonly hasScheme: boolean
}

/** P, from nano-TFLOPS. */
const UNIT_DIGITS: Readonly<Record<NonNullable<FieldText['unit']>, number>> = {
  GFLOPS: 6,
  TFLOPS: 9,
  PFLOPS: 12,
  EFLOPS: 15,
}
const NAMES = /\{([^{}]*)\}/g

export function fieldsOf(fields: readonly FieldText[], context: FieldsContext): readonly Field[] {
  const before = new Set<string>()
  const checked = fields.map((field, index) => {
    const place = `${context.place}.${index}`
    if (before.has(field.name)) throw new TemplateFault(`${place}.name`, 'is given twice')
    const found = fieldOf(field, { ...context, place, before })
    before.add(field.name)
    return found
  })
  if (checked.every(({ isHidden }) => isHidden)) {
    throw new TemplateFault(context.place, 'must not all be hidden')
  }
  return checked
}

function fieldOf(
  field: FieldText,
  context: FieldsContext & { readonly before: ReadonlySet<string> },
): Field {
  const { place } = context
  const source = sourceOf(field, context)
  const kind = source.of === 'fact' ? source.kind : null
  refuseMisplaced(field, kind, place)
  if (field.table !== undefined && !context.tables.has(field.table)) {
    throw new TemplateFault(`${place}.table`, `names ${field.table}, which is not in tables`)
  }
  const isFigure = kind === 'count' || kind === 'rate'
  if (field.unknown !== undefined) {
    if (isFigure) refuseFigure(`${place}.unknown`, field.unknown)
    if (context.isCsv && field.unknown === null) {
      throw new TemplateFault(`${place}.unknown`, 'must be a text: csv has no null')
    }
  }
  return {
    name: field.name,
    source,
    table: field.table ?? null,
    unitDigits: field.unit === undefined ? 0 : UNIT_DIGITS[field.unit],
    decimals: field.decimals ?? 0,
    rounding: field.rounding ?? 'down',
    time: field.time ?? '',
    isNumber:
      field.as === undefined ? isFigure && field.table === undefined : field.as === 'number',
    ...(field.unknown === undefined ? {} : { unknown: field.unknown }),
    ifUnknown: field.if_unknown,
    isHidden: field.hidden,
  }
}

function sourceOf(
  field: FieldText,
  context: FieldsContext & { readonly before: ReadonlySet<string> },
): FieldSource {
  const { place } = context
  const given = [field.value, field.fact, field.text].filter((one) => one !== undefined)
  if (given.length !== 1) {
    throw new TemplateFault(place, `(${field.name}) must have one of value, fact and text`)
  }
  if (field.value !== undefined) return { of: 'value', text: String(field.value) }
  if (field.fact !== undefined) return factOf(field.fact, context)
  const pattern = field.text ?? ''
  for (const [, name = ''] of pattern.matchAll(NAMES)) {
    if (context.constants[name] === undefined && !context.before.has(name)) {
      const sentence = `names {${name}}, which is no constant and no field before it`
      throw new TemplateFault(`${place}.text`, sentence)
    }
  }
  return { of: 'text', pattern }
}

function factOf(name: string, { hasScheme, place, rows }: FieldsContext): FieldSource {
  const fact = FACTS.get(name)
  if (fact === undefined) {
    throw new TemplateFault(`${place}.fact`, `names ${name}, which the ledger does not know`)
  }
  if (!fact.rows.includes(rows)) {
    throw new TemplateFault(`${place}.fact`, `names ${name}, which rows of ${rows} do not have`)
  }
  if (name === 'issued_code' && !hasScheme) {
    throw new TemplateFault('issued_codes', `is missing: ${place}.fact asks for codes of a scheme`)
  }
  return { of: 'fact', fact: name, kind: fact.kind }
}

/** Each setting goes with the kinds that it means something to, and is given where it is needed. */
function refuseMisplaced(field: FieldText, kind: FactKind | null, place: string): void {
  const isRate = kind === 'rate'
  for (const name of ['unit', 'decimals', 'rounding'] as const) {
    if (field[name] !== undefined && !isRate) {
      throw new TemplateFault(`${place}.${name}`, 'goes with facts of P only (p_…)')
    }
  }
  for (const name of ['unit', 'decimals'] as const) {
    if (field[name] === undefined && isRate) {
      throw new TemplateFault(`${place}.${name}`, `is missing: ${field.fact} is an amount of P`)
    }
  }
  if (field.time !== undefined && kind !== 'instant') {
    throw new TemplateFault(`${place}.time`, 'goes with instants only')
  }
  if (field.time === undefined && kind === 'instant') {
    throw new TemplateFault(`${place}.time`, `is missing: ${field.fact} is an instant`)
  }
  if (field.table !== undefined && (isRate || kind === 'instant')) {
    throw new TemplateFault(`${place}.table`, 'goes with codes, texts and counts only')
  }
  const isFigure = kind === 'count' || isRate
  const isText = !isFigure || field.table !== undefined
  if (field.as === 'number' && isText && !isWhole(field.value)) {
    throw new TemplateFault(`${place}.as`, 'number goes with counts and amounts of P only')
  }
}

function isWhole(value: FieldText['value']): boolean {
  return value !== undefined && /^(0|-?[1-9]\d{0,14})$/.test(String(value))
}
