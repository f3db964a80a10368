/**
 * Asks slurmctld through `scontrol show`, bounded in time and length. What fails is an answer too:
 * it says when it was tried and why it failed.
 */
import type { OwnerContext, OwnerToolCall } from './owner.ts'
import type { Asked } from './slurm-site-file.ts'

/**
 * A slurmctld that does not answer is waited for by scontrol for 10 s (MessageTimeout), one that is
 * gone for 9 s (seen with 22.05.8); then a backup is tried.
 */
const SCONTROL_MS_MAX = 20_000
/** 25,000 nodes, or 20,000 jobs. */
const OUTPUT_BYTES_MAX = 32 * 1024 * 1024
const FAILURE_LENGTH_MAX = 200

export interface ScontrolAnswer<T> {
  readonly asked: Asked
  /** `null`: it failed. */
  readonly answer: T | null
}

export class Scontrol {
  readonly #confDir: string | null
  readonly #context: Pick<OwnerContext, 'clock' | 'run'>
  readonly #signal: AbortSignal

  /** `confDir`: folder of slurm.conf; `null`: where scontrol was built to look. */
  constructor(
    confDir: string | null,
    context: Pick<OwnerContext, 'clock' | 'run'>,
    signal: AbortSignal,
  ) {
    this.#confDir = confDir
    this.#context = context
    this.#signal = signal
  }

  /** `before`: how the question was answered last; `parse` answers `null` for another layout. */
  async show<T>(
    what: 'node' | 'job',
    before: Asked,
    parse: (text: string) => T | null,
  ): Promise<ScontrolAnswer<T>> {
    const attemptedAtMs = this.#context.clock.wallMs()
    const result = await this.#context.run(this.#call(what))
    // Stopped by ourselves: that says nothing about Slurm, and yet it may have been asked.
    if (this.#signal.aborted) return { asked: { ...before, attemptedAtMs }, answer: null }
    const failed = (reason: string) => ({
      asked: { ...before, attemptedAtMs, failure: reason.slice(0, FAILURE_LENGTH_MAX) },
      answer: null,
    })
    if (result.status !== 'exited') return failed(result.sentence)
    if (result.exitCode !== 0) {
      const [said = ''] = result.stderr.trim().split('\n')
      return failed(`scontrol show ${what} failed: ${said || `exit code ${result.exitCode}`}.`)
    }
    const answer = parse(result.stdout)
    if (answer === null) return failed(`scontrol show ${what} printed nothing in a known layout.`)
    return { asked: { attemptedAtMs, answeredAtMs: attemptedAtMs, failure: null }, answer }
  }

  #call(what: 'node' | 'job'): OwnerToolCall {
    const args = ['-a', '-d', 'show', what]
    const limits = {
      deadlineMs: SCONTROL_MS_MAX,
      outputBytesMax: OUTPUT_BYTES_MAX,
      signal: this.#signal,
    }
    if (this.#confDir === null) return { tool: 'scontrol', args, ...limits }
    // scontrol takes the place of its configuration from the environment alone.
    const conf = `SLURM_CONF=${this.#confDir}/slurm.conf`
    return { tool: 'env', args: [conf, 'scontrol', ...args], ...limits }
  }
}
