/**
 * A node as a rehearsal has it: a real HTTP server that takes files, checks what can be checked of
 * them, and answers as badly as it is told to.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'

/**
 *   take     keeps it, with the receipt as its answer
 *   lose     answers 200 with nothing, and keeps nothing
 *   mute     keeps it, and cuts the line instead of answering
 *   late     keeps it, and answers when `answerLate` is called
 *   busy     503
 *   refuse   403
 */
export type Mood = 'take' | 'lose' | 'mute' | 'late' | 'busy' | 'refuse'

export interface TakenFile {
  readonly name: string
  readonly bytes: Buffer
  readonly rows: readonly (readonly string[])[]
}

const NAME = /^00000-EXAMPLE-DATA-(\d{14})(\d{4})\.data(\.gz)?$/

export class RehearsalNode {
  /** By name; one that comes again must be the same. */
  readonly taken = new Map<string, TakenFile>()
  readonly violations: string[] = []
  /** Moods of the next requests, in order; then it takes. */
  moods: Mood[] = []
  /** Code of a row; `0` is accepted. */
  judge: (cells: readonly string[]) => string = () => '0'
  requests = 0
  readonly #late: (() => void)[] = []
  readonly #token: string
  readonly #server = createServer((request, response) => void this.#serve(request, response))

  constructor(token: string) {
    this.#token = token
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      this.#server.closeAllConnections()
      this.#server.close()
    })
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Sequences of what it has, in the order in which the names sort. */
  sequences(): readonly number[] {
    return [...this.taken.keys()].map((name) => Number(NAME.exec(name)?.[2])).sort((a, b) => a - b)
  }

  /** Somebody waits for an answer that is held back. */
  get hasLate(): boolean {
    return this.#late.length > 0
  }

  answerLate(): void {
    for (const answer of this.#late.splice(0)) answer()
  }

  /** What it would say of a file. */
  receipt(rows: readonly (readonly string[])[]): string {
    const judged = rows.map((cells, index) => ({ line: index + 1, code: this.judge(cells) }))
    const isAll = judged.every(({ code }) => code === '0')
    return JSON.stringify({
      result: isAll ? '0' : '1',
      rows: judged.filter(({ code }) => code !== '0'),
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1
    const mood = this.moods.shift() ?? 'take'
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    if (mood === 'busy' || mood === 'refuse') {
      response.writeHead(mood === 'busy' ? 503 : 403).end('{}')
      return
    }
    if (mood === 'lose') {
      response.writeHead(200).end()
      return
    }
    const file = this.#check(request, Buffer.concat(parts))
    const answer = () => response.writeHead(200).end(this.receipt(file.rows))
    if (mood === 'mute') request.socket.destroy()
    else if (mood === 'late') this.#late.push(answer)
    else answer()
  }

  #check(request: IncomingMessage, bytes: Buffer): TakenFile {
    const name = decodeURIComponent((request.url ?? '').split('/').at(-1) ?? '')
    if (request.method !== 'PUT') this.violations.push(`${name} came by ${request.method}`)
    if (request.headers.authorization !== `Bearer ${this.#token}`) {
      this.violations.push(`${name} came without the token`)
    }
    if (!NAME.test(name)) this.violations.push(`${name} is no name of a file`)
    const isZip = bytes[0] === 0x1f && bytes[1] === 0x8b
    if (isZip !== name.endsWith('.gz')) this.violations.push(`${name} is not what its ending says`)
    const text = (isZip ? gunzipSync(bytes) : bytes).toString('utf8')
    const [, ...lines] = text.split('\n').slice(0, -1)
    const file = { name, bytes, rows: lines.map((line) => line.split('|')) }
    const before = this.taken.get(name)
    if (before !== undefined && !before.bytes.equals(bytes)) {
      this.violations.push(`${name} came again, and is another`)
    }
    this.taken.set(name, file)
    return file
  }
}
