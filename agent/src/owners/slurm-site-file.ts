/**
 * The file through which one reader tells a whole site what Slurm answered: JSON lines, the first
 * about the answers, then one per node. Written beside and moved into place, so that nobody sees
 * half of it. It holds no user, no job and no command.
 *
 * Age is what proves anything here. It is the larger of two: what the wall clocks of both sides say,
 * and how long this node has seen the same file by its own monotonic clock.
 */
import { open, rename, writeFile } from 'node:fs/promises'
import { type Clock, errorSentence } from '@yiben/shared'
import * as z from 'zod/mini'
import type { Holder, NodeAnswer, NodeJobs } from './slurm-answers.ts'

/** The last answer to one of the two questions. */
export interface Asked {
  /** UTC ms; `null`: never. */
  readonly attemptedAtMs: number | null
  /** When it was last answered; `null`: never. */
  readonly answeredAtMs: number | null
  /** Why the last attempt failed; `null`: it did not. */
  readonly failure: string | null
}

export interface SiteHeader {
  /** The reader recognises the bank's jobs. */
  readonly knowsBank: boolean
  readonly nodes: Asked
  readonly jobs: Asked
}

export interface NodeRecord extends NodeAnswer {
  /** `null`: nothing of its jobs is known. */
  readonly jobs: NodeJobs | null
}

export interface Site {
  readonly header: SiteHeader
  readonly nodes: readonly NodeRecord[]
}

/** What a file told, and since when this process has seen it told. */
export interface Sight<T> {
  readonly told: T
  /** Monotonic. */
  readonly seenSinceMs: number
  /** It was already there at the first look of this process. */
  readonly isOld: boolean
}

export type SightResult<T> =
  | { readonly status: 'ok'; readonly sight: Sight<T> }
  | { readonly status: 'missing' }
  | { readonly status: 'failed'; readonly sentence: string }

export interface OwnView {
  readonly header: SiteHeader
  /** `null`: Slurm knows no such node. */
  readonly record: NodeRecord | null
}

/** 50,000 nodes of 300 bytes. */
const FILE_BYTES_MAX = 16 * 1024 * 1024
const VERSION = 1

export const NEVER_ASKED: Asked = { attemptedAtMs: null, answeredAtMs: null, failure: null }

/** One process's look at the file; keeps what it saw until the file changes. */
export class SiteFile {
  readonly path: string
  readonly #clock: Clock
  #seen: { readonly text: string; readonly mark: string; readonly sinceMs: number } | null = null
  #looks = 0
  #isOld = false

  constructor(path: string, clock: Clock) {
    this.path = path
    this.#clock = clock
  }

  /** The header and this node's own line; the rest of a large site is not parsed. */
  async ownView(nodeName: string): Promise<SightResult<OwnView>> {
    return this.#look((text) => {
      const header = headerOf(text)
      const begin = `\n{"node":${JSON.stringify(nodeName)},`
      const at = text.indexOf(begin)
      if (at < 0) return { header, record: null }
      const end = text.indexOf('\n', at + 1)
      return { header, record: recordOf(text.slice(at + 1, end < 0 ? text.length : end)) }
    })
  }

  async site(): Promise<SightResult<Site>> {
    return this.#look((text) => {
      const lines = text.split('\n').slice(1)
      return {
        header: headerOf(text),
        nodes: lines.filter((line) => line !== '').map(recordOf),
      }
    })
  }

  async #look<T>(parse: (text: string) => T): Promise<SightResult<T>> {
    this.#looks += 1
    try {
      await this.#refresh()
      const seen = this.#seen
      if (seen === null) return { status: 'missing' }
      const sight = { told: parse(seen.text), seenSinceMs: seen.sinceMs, isOld: this.#isOld }
      return { status: 'ok', sight }
    } catch (error) {
      return { status: 'failed', sentence: `${this.path} cannot be read: ${errorSentence(error)}` }
    }
  }

  async #refresh(): Promise<void> {
    const file = await openIfThere(this.path)
    if (file === null) {
      this.#seen = null
      return
    }
    try {
      const { ino, size, mtimeMs } = await file.stat()
      const mark = `${ino} ${size} ${mtimeMs}`
      if (this.#seen?.mark === mark) return
      if (size > FILE_BYTES_MAX) throw new Error(`it is longer than ${FILE_BYTES_MAX} bytes`)
      const text = await file.readFile('utf8')
      // Only a text that says something new was written anew.
      if (this.#seen?.text === text) return
      this.#seen = { text, mark, sinceMs: this.#clock.monotonicMs() }
      this.#isOld = this.#looks === 1
    } finally {
      await file.close()
    }
  }
}

export async function writeSite(path: string, site: Site, writer: string): Promise<void> {
  const header = { format: 'yiben-slurm', version: VERSION, ...site.header }
  const lines = [header, ...site.nodes.map(({ node, ...rest }) => ({ node, ...rest }))]
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  await writeFile(`${path}.${writer}`, text, { mode: 0o644 })
  await rename(`${path}.${writer}`, path)
}

async function openIfThere(path: string) {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

const asked: z.ZodMiniType<Asked> = z.object({
  attemptedAtMs: z.nullable(z.number()),
  answeredAtMs: z.nullable(z.number()),
  failure: z.nullable(z.string()),
})

const headerSchema = z.object({
  format: z.literal('yiben-slurm'),
  version: z.literal(VERSION),
  knowsBank: z.boolean(),
  nodes: asked,
  jobs: asked,
})

const holder: z.ZodMiniType<Holder> = z.enum(['bank', 'other', 'unclear'])

const recordSchema: z.ZodMiniType<NodeRecord> = z.object({
  node: z.string(),
  state: z.string(),
  isOneUsers: z.boolean(),
  reservation: z.nullable(z.string()),
  gres: z.string(),
  used: z.string(),
  jobs: z.nullable(
    z.object({
      holder,
      claims: z.record(z.string(), z.nullable(z.record(z.string(), holder))),
    }),
  ),
})

function headerOf(text: string): SiteHeader {
  const end = text.indexOf('\n')
  const { knowsBank, nodes, jobs } = parsed(headerSchema, end < 0 ? text : text.slice(0, end))
  return { knowsBank, nodes, jobs }
}

function recordOf(line: string): NodeRecord {
  return parsed(recordSchema, line)
}

function parsed<T>(schema: z.ZodMiniType<T>, line: string): T {
  let value: unknown = null
  try {
    value = JSON.parse(line)
  } catch {
    // Said below, in the same words as for JSON that is something else.
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new Error(`it was not written by a reader of this version (format ${VERSION})`)
}
