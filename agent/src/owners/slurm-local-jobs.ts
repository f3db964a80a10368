/**
 * Which jobs have begun on this node, read from slurmd's spool folder without asking anybody: each
 * step of a job has a socket `<node>_<job>.<step>` there while it runs.
 *
 * It is half a proof. A socket shows that a job is here; no socket shows nothing, because an
 * allocation without a step (`salloc`, without PrologFlags=Contain) leaves no trace on its node, and
 * nothing local tells which cards a job has (seen with 22.05.8: `devices.list` of cgroup v1 reads
 * `a *:* rwm` for every job, v2 keeps the list in a program in the kernel). So it only ever casts
 * doubt on an older answer, and does that within one sample.
 */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ConfLine, confValue } from './slurm-conf.ts'

const SPOOL_DEFAULT = '/var/spool/slurmd'
/** Far above the steps of any node; a folder with more is another one. */
const ENTRIES_MAX = 10_000
/** So that a later step of an old job is not taken for a new job. */
const JOBS_REMEMBERED_MAX = 4_096

export interface LocalJobsOptions {
  readonly nodeName: string
  readonly rootPrefix: string
}

export class LocalJobs {
  readonly #options: LocalJobsOptions
  /** When each step's socket was made: wall ms. */
  #steps = new Map<string, number>()
  /** When the first step seen of each job was made; jobs outlive their steps. */
  readonly #jobs = new Map<string, number>()

  constructor(options: LocalJobsOptions) {
    this.#options = options
  }

  /** When the youngest job that is here began: wall ms; `null`: none is seen. */
  async youngestStartMs(spoolFolder: string): Promise<number | null> {
    await this.#look(join(this.#options.rootPrefix || '/', spoolFolder))
    const here = new Set<string>()
    for (const [name, atMs] of this.#steps) {
      const job = name.slice(0, name.indexOf('.', this.#options.nodeName.length))
      here.add(job)
      this.#jobs.set(job, Math.min(atMs, this.#jobs.get(job) ?? atMs))
    }
    for (const job of this.#jobs.keys()) {
      if (this.#jobs.size <= JOBS_REMEMBERED_MAX) break
      if (!here.has(job)) this.#jobs.delete(job)
    }
    const starts = [...here].flatMap((job) => this.#jobs.get(job) ?? [])
    return starts.length === 0 ? null : Math.max(...starts)
  }

  async #look(folder: string): Promise<void> {
    const steps = new Map<string, number>()
    for (const name of await namesIn(folder)) {
      if (!this.#isStep(name)) continue
      const atMs = this.#steps.get(name) ?? (await madeAtMs(join(folder, name)))
      if (atMs !== null) steps.set(name, atMs)
    }
    this.#steps = steps
  }

  #isStep(name: string): boolean {
    const begin = `${this.#options.nodeName}_`
    return name.startsWith(begin) && /^\d+\.\d+(\.\d+)?$/.test(name.slice(begin.length))
  }
}

/** `SlurmdSpoolDir` of slurm.conf, for this node. */
export function spoolFolderOf(lines: readonly ConfLine[], nodeName: string): string {
  const written = lines.map((line) => confValue(line, 'slurmdspooldir')).find((one) => one !== null)
  // %h is the host name; it is the node's in all but test installations.
  return (written ?? SPOOL_DEFAULT).replaceAll(/%[nh]/g, nodeName)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).slice(0, ENTRIES_MAX)
  } catch {
    // In a container, or not allowed to look: nothing local is seen.
    return []
  }
}

async function madeAtMs(path: string): Promise<number | null> {
  try {
    return (await lstat(path)).mtimeMs
  } catch {
    // The step has ended meanwhile.
    return null
  }
}
