/** A template of the adapter as a YAML (or JSON) file; its shape is checked by adapter/template.ts. */
import { readFileSync } from 'node:fs'
import { AppError, errorSentence } from '@yiben/shared'
import { parse } from 'yaml'

/** A template with its dictionaries is some pages. */
const FILE_CHARACTERS_MAX = 4 * 1024 * 1024

export interface TemplateText {
  readonly text: string
  readonly value: unknown
}

/** Throws `config_unreadable` or `config_invalid`. */
export function readTemplateFile(file: string): TemplateText {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const sentence = `adapter.template: ${file} cannot be read: ${errorSentence(error)}`
    throw new AppError('config_unreadable', sentence, { cause: error })
  }
  if (text.length > FILE_CHARACTERS_MAX) {
    throw new AppError('config_invalid', `adapter.template: ${file} is too large`)
  }
  try {
    return { text, value: parse(text, { uniqueKeys: true, maxAliasCount: 0 }) }
  } catch (error) {
    const [line = ''] = errorSentence(error).split('\n')
    throw new AppError('config_invalid', `adapter.template: ${file} is no YAML: ${line}`, {
      cause: error,
    })
  }
}
