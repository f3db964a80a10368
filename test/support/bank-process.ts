/** The bank client as a bank's developer runs it: its commands as processes, its book in a file. */
import { join } from 'node:path'
import { Api, type Json } from '../../scripts/bank-client/api.ts'
import { BankClient } from '../../scripts/bank-client/client.ts'
import { type CollectorProcess, tokenIn } from './collector-process.ts'
import { runProgram } from './program.ts'

const SCRIPT = 'scripts/bank-client.ts'
const WITHIN_MS = 60_000

export class BankProcess {
  readonly #collector: CollectorProcess
  readonly #token: string
  readonly #file: string

  private constructor(collector: CollectorProcess, token: string) {
    this.#collector = collector
    this.#token = token
    this.#file = join(collector.folder, 'bank-client.json')
  }

  static async with(collector: CollectorProcess): Promise<BankProcess> {
    return new BankProcess(
      collector,
      tokenIn(await collector.say(['token', 'create', '--role', 'bank'])),
    )
  }

  /** What the command printed, read; throws when it failed. */
  async say(...args: string[]): Promise<Json> {
    const { exitCode, stdout, stderr } = await runProgram(
      {
        script: SCRIPT,
        args: [...args, '--url', this.#collector.url, '--state', this.#file],
        env: { YIBEN_TOKEN: this.#token },
      },
      WITHIN_MS,
    )
    if (exitCode !== 0) throw new Error(`${args.join(' ')}: exit ${exitCode}: ${stdout}${stderr}`)
    return JSON.parse(stdout)
  }

  /** The same client over the same book, in this process: where moments count. */
  client(): BankClient {
    const api = new Api({ url: this.#collector.url, token: this.#token })
    return new BankClient({ api, file: this.#file, bank: 'bank' })
  }
}
