/**
 * Gathers the values of options from a file, the environment and the command line, the later the
 * stronger, and reads each by its schema. It throws only where the file cannot be opened;
 * everything else becomes a problem that begins with the name of the option, so that one start
 * tells all of them.
 */
import { readFileSync, statSync } from 'node:fs'
import { AppError, errorSentence } from '@yiben/shared'
import { parse, parseDocument } from 'yaml'
import { suggestion } from './nearest.ts'
import type { Option } from './options.ts'
import { ENVIRONMENT_PREFIX, environmentName } from './options.ts'

/** Far above any real file; a wrong path to a disk image must not fill the memory. */
const FILE_BYTES_MAX = 1024 * 1024
/** Expansions of YAML aliases; a calendar used twice is one. */
const ALIASES_MAX = 100

type Texts = Readonly<Record<string, string | undefined>>

/** Read by the command line in place of `--config` and `--token`: no options of the daemon. */
const OF_THE_COMMAND_LINE: ReadonlySet<string> = new Set([
  `${ENVIRONMENT_PREFIX}CONFIG`,
  `${ENVIRONMENT_PREFIX}TOKEN`,
])

export class OptionReader {
  readonly #options: ReadonlyMap<string, Option<unknown>>
  readonly #names: readonly string[]
  readonly #values = new Map<string, unknown>()
  readonly #problems: string[] = []

  constructor(options: readonly Option<unknown>[]) {
    this.#options = new Map(options.map((option) => [option.name, option]))
    this.#names = [...this.#options.keys()]
  }

  get problems(): readonly string[] {
    return this.#problems
  }

  has(option: Pick<Option<unknown>, 'name'>): boolean {
    return this.#values.has(option.name)
  }

  /** The value as read, or the default where there is none or where it was refused. */
  get<T>(option: Option<T>): T {
    if (!this.has(option)) return option.default
    const parsed = option.schema.safeParse(this.#values.get(option.name))
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) {
      const place = option.name + issue.path.map(placeText).join('')
      this.#problems.push(`${place} ${reasonOf(issue)}`)
    }
    return option.default
  }

  addFile(file: string): void {
    const read = contentOf(readText(file))
    for (const problem of read.problems) this.#problems.push(`${file} is not YAML: ${problem}`)
    const { content } = read
    // An empty file states nothing; that is no mistake.
    if (content === null || content === undefined) return
    if (isMapping(content)) this.#addMapping(content, '')
    else this.#problems.push(`${file} is not a mapping of options`)
  }

  addEnvironment(environment: Texts): void {
    const byVariable = new Map(
      [...this.#options.values()].map((option) => [environmentName(option), option]),
    )
    for (const [variable, text] of Object.entries(environment)) {
      if (!variable.startsWith(ENVIRONMENT_PREFIX) || text === undefined) continue
      if (OF_THE_COMMAND_LINE.has(variable)) continue
      const option = byVariable.get(variable)
      if (option !== undefined) this.#addText(option, text)
      else this.#addUnknown(variable, [...byVariable.keys()])
    }
  }

  addFlags(flags: Texts): void {
    for (const [name, text] of Object.entries(flags)) {
      if (text === undefined) continue
      const option = this.#options.get(name)
      if (option !== undefined) this.#addText(option, text)
      else this.#addUnknown(name, this.#names)
    }
  }

  /** Descends as deep as option names do; everything below a name belongs to that option. */
  #addMapping(mapping: Readonly<Record<string, unknown>>, prefix: string): void {
    for (const [key, value] of Object.entries(mapping)) {
      const name = prefix + key
      const isSection = this.#names.some((known) => known.startsWith(`${name}.`))
      if (this.#options.has(name)) this.#values.set(name, value)
      else if (!isSection) this.#addUnknown(name, this.#names)
      else if (isMapping(value)) this.#addMapping(value, `${name}.`)
      // A section with nothing under it reads as null.
      else if (value !== null) this.#problems.push(`${name} is not a mapping of options`)
    }
  }

  /** Texts are taken as they stand; numbers, lists and calendars are YAML on one line. */
  #addText(option: Option<unknown>, text: string): void {
    if (option.isText) {
      this.#values.set(option.name, text)
      return
    }
    try {
      this.#values.set(option.name, parse(text))
    } catch (cause) {
      this.#problems.push(`${option.name} is not YAML: ${firstLine(errorSentence(cause))}`)
    }
  }

  #addUnknown(name: string, known: readonly string[]): void {
    this.#problems.push(`${name} is not an option${suggestion(name, known)}`)
  }
}

function readText(file: string): string {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new AppError(
      'config_unreadable',
      `The configuration ${file} cannot be read: ${reason}.`,
      cause === undefined ? { fields: { file } } : { cause, fields: { file } },
    )
  }
  try {
    if (statSync(file).size <= FILE_BYTES_MAX) return readFileSync(file, 'utf8')
  } catch (cause) {
    refuse(errorSentence(cause), cause)
  }
  return refuse(`it is longer than ${FILE_BYTES_MAX} bytes`)
}

interface Read {
  readonly content?: unknown
  readonly problems: readonly string[]
}

/** What is no YAML, names what it does not define, or is nested too deep, is a problem and no more. */
function contentOf(text: string): Read {
  try {
    const document = parseDocument(text, { uniqueKeys: true })
    const problems = document.errors.map(({ message }) => firstLine(message))
    if (problems.length > 0) return { problems }
    return { content: document.toJS({ maxAliasCount: ALIASES_MAX }), problems }
  } catch (cause) {
    return { problems: [firstLine(errorSentence(cause))] }
  }
}

function placeText(step: PropertyKey): string {
  return typeof step === 'number' ? `[${step}]` : `.${String(step)}`
}

interface Issue {
  readonly code?: string | undefined
  readonly message: string
  readonly keys?: readonly string[]
}

function reasonOf(issue: Issue): string {
  if (issue.code !== 'unrecognized_keys' || issue.keys === undefined) return issue.message
  const words = issue.keys.map((key) => `"${key}"${suggestion(key, STRUCTURE_KEYS)}`)
  return `has the unknown key ${words.join(', ')}`
}

/** Keys within calendars, baselines and resources, for suggestions. */
const STRUCTURE_KEYS = [
  'time_zone',
  'weekly',
  'holidays',
  'workdays',
  'exceptions',
  'days',
  'from',
  'to',
  'date',
  'windows',
  'vendor',
  'name',
  'memory_total_mib',
  'driver_version',
  'kind',
  'idle_memory_mib',
  'idle_power_w',
  'ignore',
  'ids',
] as const

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? ''
}
