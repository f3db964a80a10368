/**
 * Codes that name organisations, places, sites and our own resources, with the checks that catch a
 * typing mistake before it becomes a row.
 *
 * Three are other people's: the unified social credit code (GB 32100-2015), the division code
 * (GB/T 2260, shape only: which divisions exist is catalogue data), ISO 7064 MOD 37,36. The site
 * code and the resource code are ours, and are not the national unified code: that one is issued
 * by a national node and is kept beside them.
 */
import { assert } from '../assert.ts'

declare const creditCodeBrand: unique symbol
declare const divisionCodeBrand: unique symbol
declare const siteCodeBrand: unique symbol
declare const resourceCodeBrand: unique symbol

/** Unified social credit code of an owner or operator: 18 characters, the last one a check. */
export type CreditCode = string & { readonly [creditCodeBrand]: true }
/** GB/T 2260: two digits each of province, city and county; `00` where a level is not named. */
export type DivisionCode = string & { readonly [divisionCodeBrand]: true }
/** Ours, chosen by the operator; unique in one collector. */
export type SiteCode = string & { readonly [siteCodeBrand]: true }
/** Ours: kind and number of a row, with a check character, for people to read out and type in. */
export type ResourceCode = string & { readonly [resourceCodeBrand]: true }

/** GB 32100 leaves out I, O, S, V and Z; a character's place in this list is its value. */
const CREDIT_CHARACTERS = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const CREDIT_MODULUS = 31
/** 3^i mod 31 for the 17 characters before the check character (GB 32100-2015, table 2). */
const CREDIT_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
/** Authority and kind, six digits of the registering division, nine of the body, one check. */
const CREDIT_SHAPE = /^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$/

/** Narrows a text to a credit code; `null` when its shape or its check character is wrong. */
export function creditCodeOf(text: string): CreditCode | null {
  if (!CREDIT_SHAPE.test(text)) return null
  return creditCheckCharacter(text) === text.charAt(17) ? (text as CreditCode) : null
}

/** The check character that belongs behind the first 17 characters. */
export function creditCheckCharacter(code: string): string {
  let sum = 0
  for (const [index, weight] of CREDIT_WEIGHTS.entries()) {
    const value = CREDIT_CHARACTERS.indexOf(code.charAt(index))
    assert(index < code.length && value >= 0, 'a credit code has 17 characters of its alphabet')
    sum += value * weight
  }
  return CREDIT_CHARACTERS.charAt((CREDIT_MODULUS - (sum % CREDIT_MODULUS)) % CREDIT_MODULUS)
}

/** Provinces run from 11 to 82; a county needs a city, except that `00` stands for "not named". */
const DIVISION_SHAPE = /^[1-8]\d(?:0000|(?!00)\d{4})$/

/** Narrows a text to something shaped like a division code; the catalogue knows which exist. */
export function divisionCodeOf(text: string): DivisionCode | null {
  return DIVISION_SHAPE.test(text) ? (text as DivisionCode) : null
}

export type DivisionLevel = 'province' | 'city' | 'county'

export function divisionLevel(code: DivisionCode): DivisionLevel {
  if (code.endsWith('0000')) return 'province'
  return code.endsWith('00') ? 'city' : 'county'
}

export function provinceCodeOf(code: DivisionCode): DivisionCode {
  return `${code.slice(0, 2)}0000` as DivisionCode
}

/** The city a county lies in; a province is its own answer. */
export function cityCodeOf(code: DivisionCode): DivisionCode {
  return `${code.slice(0, 4)}00` as DivisionCode
}

/** Capitals, digits and single inner hyphens: safe in a URL, a file name and a spreadsheet. */
const SITE_SHAPE = /^(?=.{3,32}$)[A-Z0-9]+(?:-[A-Z0-9]+)*$/

export function siteCodeOf(text: string): SiteCode | null {
  return SITE_SHAPE.test(text) ? (text as SiteCode) : null
}

export const RESOURCE_KINDS = ['hub', 'site', 'node', 'accelerator'] as const
export type ResourceKind = (typeof RESOURCE_KINDS)[number]

export interface Resource {
  readonly kind: ResourceKind
  /** The surrogate number of the row: an integer from 1. */
  readonly number: number
}

/** Why a text is no code: a slip of shape, one of typing, or a number that no thing has. */
export type CodeFault = 'shape' | 'check' | 'number'

/**
 * How codes of things are made and read. What is stored is kind and number only, so that another
 * scheme takes the place of ours here and nowhere else.
 */
export interface ResourceScheme {
  /** Stands beside a code wherever codes of several schemes can be. */
  readonly id: string
  codeOf(resource: Resource): string
  read(text: string): Resource | CodeFault
}

const KIND_LETTERS: Readonly<Record<ResourceKind, string>> = {
  hub: 'H',
  site: 'S',
  node: 'N',
  accelerator: 'A',
}

/** Names our scheme, so that another one can stand beside it without being mistaken for it. */
const RESOURCE_LETTER = 'Y'
/** Base 36; eight digits reach 2.8 * 10^12, far past every accelerator of a country. */
const RESOURCE_DIGITS = 8
export const RESOURCE_NUMBER_MAX = 36 ** RESOURCE_DIGITS - 1
const RESOURCE_SHAPE = /^Y([HSNA])([0-9A-Z]{8})[0-9A-Z]$/

/** `YA0000002SX`: scheme, kind, number in base 36, check character. */
const YIBEN_SCHEME: ResourceScheme = {
  id: 'yiben',
  codeOf: ({ kind, number }) => {
    assert(
      Number.isInteger(number) && number >= 1 && number <= RESOURCE_NUMBER_MAX,
      'a resource number is an integer from 1 that fits its digits',
    )
    const digits = number.toString(36).toUpperCase().padStart(RESOURCE_DIGITS, '0')
    const body = `${RESOURCE_LETTER}${KIND_LETTERS[kind]}${digits}`
    return `${body}${mod37Check(body)}`
  },
  read: (text) => {
    const [, letter, digits] = RESOURCE_SHAPE.exec(text) ?? []
    const kind = RESOURCE_KINDS.find((one) => KIND_LETTERS[one] === letter)
    if (kind === undefined || digits === undefined) return 'shape'
    if (mod37Check(text.slice(0, -1)) !== text.at(-1)) return 'check'
    const number = Number.parseInt(digits, 36)
    return number === 0 ? 'number' : { kind, number }
  },
}

/** The scheme in use. */
export const RESOURCE_SCHEME: ResourceScheme = YIBEN_SCHEME

export function resourceCode(kind: ResourceKind, number: number): ResourceCode {
  return RESOURCE_SCHEME.codeOf({ kind, number }) as ResourceCode
}

/** What a resource code names; `null` when its shape, its check character or its number is wrong. */
export function resourceOf(text: string): Resource | null {
  const read = RESOURCE_SCHEME.read(text)
  return typeof read === 'string' ? null : read
}

const MOD37_CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const MOD37_BASE = MOD37_CHARACTERS.length

/**
 * The check character of ISO 7064 MOD 37,36. It catches every change of one character, and all but
 * one in 630 of the swaps of two neighbours.
 */
export function mod37Check(body: string): string {
  let state = MOD37_BASE
  for (const character of body) {
    const value = MOD37_CHARACTERS.indexOf(character)
    assert(value >= 0, 'a check character is made over digits and capitals')
    const sum = (state + value) % MOD37_BASE
    state = ((sum === 0 ? MOD37_BASE : sum) * 2) % (MOD37_BASE + 1)
  }
  return MOD37_CHARACTERS.charAt((MOD37_BASE + 1 - state) % MOD37_BASE)
}
