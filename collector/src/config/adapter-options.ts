/** Options of the adapter to a national or regional node. All else is in the template. */
import type { z } from 'zod'
import { duration, type Option, optionalText } from './option-kinds.ts'

export interface AdapterConfig {
  /** `null`: there is no such node. */
  readonly templateFile: string | null
  /** How often runs, files and receipts are looked at. */
  readonly lookMs: number
}

export const ADAPTER_OPTIONS = {
  'adapter.template': optionalText(
    'file',
    'template (YAML) of what a national or regional node is sent; on one collector only',
  ),
  'adapter.look': duration(
    '5s',
    ['100ms', '1min'],
    'how often runs that are due, files and receipts are looked at',
  ),
} as const satisfies Readonly<Record<string, Option<unknown>>>

type Values = {
  readonly [Name in keyof typeof ADAPTER_OPTIONS]: z.output<
    (typeof ADAPTER_OPTIONS)[Name]['schema']
  >
}

export function adapterConfigOf(values: Values): AdapterConfig {
  const file = values['adapter.template']
  return Object.freeze({
    templateFile: file === '' ? null : file,
    lookMs: values['adapter.look'],
  })
}
