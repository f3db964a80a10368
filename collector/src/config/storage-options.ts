/** Where the ledger is kept: in a file of the data folder, or in a PostgreSQL database. */
import { AppError } from '@yiben/shared'
import type { z } from 'zod'
import { count, type Option, optionalText } from './option-kinds.ts'

export interface StorageConfig {
  /** `null`: SQLite, in the data folder. Holds a password. */
  readonly url: string | null
  /** To a PostgreSQL database, for decisions and for answers to people together. */
  readonly connections: number
}

const URL_SHAPE = /^postgres(ql)?:\/\/[^/]/

export const STORAGE_OPTIONS = {
  'storage.url': optionalText(
    'address',
    'postgresql://USER:PASSWORD@HOST/DATABASE keeps the ledger there; empty: a file in data_dir',
  ),
  'storage.connections': count(10, [4, 100], 'connections to the PostgreSQL database'),
} as const satisfies Readonly<Record<string, Option<unknown>>>

type Values = {
  readonly [Name in keyof typeof STORAGE_OPTIONS]: z.output<
    (typeof STORAGE_OPTIONS)[Name]['schema']
  >
}

export function isStorageUrl(text: string): boolean {
  return URL_SHAPE.test(text)
}

export function storageConfigOf(values: Values): StorageConfig {
  const url = values['storage.url']
  if (url !== '' && !isStorageUrl(url)) {
    throw new AppError('config_invalid', 'storage.url must begin with postgresql:// and a host')
  }
  return Object.freeze({ url: url === '' ? null : url, connections: values['storage.connections'] })
}
