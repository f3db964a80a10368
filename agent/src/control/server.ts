/**
 * The local control socket (0600 in the run folder): the owner's own door, open whether or not a
 * collector is in reach.
 *
 * Promises: only the user the agent runs as (root, on a real node) can connect; every request is
 * answered or the connection is closed; lines, connections and silence are bounded.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import {
  AppError,
  type Clock,
  errorCode,
  errorSentence,
  type Logger,
  parseJson,
} from '@yiben/shared'
import type { Controllable } from './controllable.ts'
import {
  CONTROL_SOCKET,
  type ControlAnswer,
  encodeLine,
  type ParsedRequest,
  REQUEST_BYTES_MAX,
  requestSchema,
} from './protocol.ts'

/** A person, a script and a monitoring tool; more at once is a loop. */
const CONNECTIONS_MAX = 16
/** A connection that asks nothing is closed. */
const IDLE_MS_MAX = 30_000

export interface ControlServerOptions {
  readonly runDir: string
  readonly agent: Controllable
  readonly clock: Clock
  readonly log: Logger
}

export class ControlServer {
  readonly #options: ControlServerOptions
  readonly #log: Logger
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly path: string

  constructor(options: ControlServerOptions) {
    this.#options = options
    this.#log = options.log.child({ component: 'control' })
    this.path = join(options.runDir, CONTROL_SOCKET)
    this.#server = createServer((socket) => this.#accept(socket))
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  /** Throws `disk_failed` or `permission_denied` when the socket cannot be opened. */
  async listen(): Promise<void> {
    const { runDir } = this.#options
    try {
      mkdirSync(runDir, { recursive: true, mode: 0o755 })
      // Left by a killed agent; a live one holds its spool, which is opened before this.
      rmSync(this.path, { force: true })
      await this.#open()
    } catch (error) {
      throw new AppError(
        'disk_failed',
        `The control socket ${this.path} cannot be opened: ${errorSentence(error)}.`,
        { cause: error },
      )
    }
    this.#server.on('error', (error) => {
      this.#log.error({ reason: error.message }, 'the control socket failed')
    })
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    rmSync(this.path, { force: true })
  }

  /** The socket is made under a mask that lets nobody else in, not opened up first and closed then. */
  #open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const mask = process.umask(0o177)
      this.#server.once('error', reject)
      this.#server.listen(this.path, () => {
        this.#server.removeListener('error', reject)
        chmodSync(this.path, 0o600)
        resolve()
      })
      // The socket file is made within `listen`, before it calls back.
      process.umask(mask)
    })
  }

  #accept(socket: Socket): void {
    const { clock } = this.#options
    this.#sockets.add(socket)
    let text = ''
    let queue: Promise<void> = Promise.resolve()
    let idle = clock.after(IDLE_MS_MAX, () => socket.destroy())
    socket.setEncoding('utf8')
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      idle.cancel()
      this.#sockets.delete(socket)
    })
    socket.on('data', (chunk: string) => {
      idle.cancel()
      idle = clock.after(IDLE_MS_MAX, () => socket.destroy())
      text += chunk
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      if (
        text.length > REQUEST_BYTES_MAX ||
        lines.some((line) => line.length > REQUEST_BYTES_MAX)
      ) {
        socket.end(encodeLine(refused('request_invalid', 'The request is longer than allowed.')))
        return
      }
      for (const line of lines) queue = queue.then(() => this.#serve(socket, line))
    })
  }

  async #serve(socket: Socket, line: string): Promise<void> {
    if (socket.destroyed) return
    socket.write(encodeLine(await this.#answer(line)))
  }

  async #answer(line: string): Promise<ControlAnswer> {
    const parsed = requestSchema.safeParse(parseJson(line))
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      const field = issue?.path.join('.') ?? ''
      return refused('request_invalid', `The request cannot be understood at "${field}".`)
    }
    try {
      return await perform(this.#options.agent, parsed.data.request)
    } catch (error) {
      if (!(error instanceof AppError)) {
        this.#log.error({ reason: errorSentence(error) }, 'a control command failed')
      }
      return refused(errorCode(error), errorSentence(error))
    }
  }
}

async function perform(agent: Controllable, request: ParsedRequest): Promise<ControlAnswer> {
  switch (request.command) {
    case 'status':
      return { status: 'done', answer: agent.status() }
    case 'baseline_propose':
      return { status: 'done', answer: agent.proposeBaselines() }
    case 'reclaim':
      return orderAnswer(agent.reclaim(request.names, request.noticeMs))
    case 'offer':
      return orderAnswer(agent.offer(request.names))
    case 'pause':
      return orderAnswer(await agent.pause(request.forMs))
    case 'resume':
      return orderAnswer(agent.resume())
    default:
      return request satisfies never
  }
}

function orderAnswer(result: ReturnType<Controllable['reclaim']>): ControlAnswer {
  if (result.status === 'done') return { status: 'done', answer: result }
  return refused(result.status, result.sentence)
}

function refused(code: string, sentence: string): ControlAnswer {
  return { status: 'refused', code, sentence }
}
