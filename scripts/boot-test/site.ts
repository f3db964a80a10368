/**
 * The collector on the host that the containers' agents report to, and what its API tells. It speaks
 * TLS with a certificate of its own, which its tokens pin: agents are given nothing else.
 */
import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseEnrollmentToken } from '@yiben/shared'
import { CollectorProgram } from '../bench/support/collector-program.ts'
import { Program } from '../bench/support/program.ts'

const SCRIPT = 'collector/src/main.ts'

export interface Segment {
  readonly from: string
  readonly to: string
  readonly state: string
  readonly cause: string | null
}

export interface Timeline {
  readonly acceleratorId: string
  readonly toldTo: string
  readonly segments: readonly Segment[]
}

export class Site implements AsyncDisposable {
  readonly #collector: CollectorProgram
  readonly #access: string

  private constructor(collector: CollectorProgram, access: string) {
    this.#collector = collector
    this.#access = access
  }

  static async start(folder: string): Promise<Site> {
    const collector = await CollectorProgram.start({
      folder,
      config: [
        'intervals: { sequence: 100ms, deposit: 1s, rollup: 5s, liveness: 1s }',
        'tls: { mode: own }',
      ],
    })
    try {
      const said = await command(collector, ['token', 'create', '--role', 'admin'])
      const [access] = /yba_[A-Za-z0-9_-]+/.exec(said) ?? []
      if (access === undefined) throw new Error('the collector shows no access token')
      return new Site(collector, access)
    } catch (error) {
      await collector[Symbol.asyncDispose]()
      throw error
    }
  }

  get port(): number {
    return this.#collector.port
  }

  get url(): string {
    return `wss://127.0.0.1:${this.port}`
  }

  token(uses: number): Promise<string> {
    return this.#collector.enrollmentToken(uses)
  }

  /** One that was good and is not any more. */
  async revokedToken(): Promise<string> {
    const token = await this.token(1)
    const { id } = parseEnrollmentToken(token)
    await command(this.#collector, ['token', 'revoke', id])
    return token
  }

  /** Of every card of the node, from the beginning to now. */
  async timelines(nodeId: string): Promise<readonly Timeline[]> {
    const { accelerators } = await this.#get(`/v1/accelerators?node=${nodeId}`)
    const to = new Date(Date.now() + 60_000).toISOString()
    const from = new Date(Date.now() - 86_400_000).toISOString()
    const timelines: Timeline[] = []
    for (const { accelerator_id: acceleratorId } of accelerators) {
      const path = `/v1/accelerators/${acceleratorId}/timeline?from=${from}&to=${to}`
      const { placements } = await this.#get(path)
      for (const { told_to: toldTo, segments } of placements) {
        timelines.push({ acceleratorId, toldTo, segments })
      }
    }
    return timelines
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#collector[Symbol.asyncDispose]()
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers of the API are what is looked at
  async #get(path: string): Promise<any> {
    const headers = { authorization: `Bearer ${this.#access}` }
    const told = readFileSync(join(this.#collector.dataDir, 'tls/told.json'), 'utf8')
    const { roots: ca } = JSON.parse(told)
    const { body, status } = await new Promise<{ body: string; status: number }>(
      (resolve, reject) => {
        get(this.#collector.url + path, { headers, ca }, (response) => {
          const answer = (body: string) => resolve({ body, status: response.statusCode ?? 0 })
          text(response).then(answer, reject)
        }).on('error', reject)
      },
    )
    if (status !== 200) throw new Error(`${path}: ${status} ${body}`)
    return JSON.parse(body)
  }
}

async function command(collector: CollectorProgram, args: readonly string[]): Promise<string> {
  await using program = new Program({
    script: SCRIPT,
    args: [...args, '--data-dir', collector.dataDir],
  })
  return await program.finish()
}
