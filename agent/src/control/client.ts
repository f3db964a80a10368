/** Asks a running agent one question over its control socket; used by the commands. */
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { AppError, type Clock, parseJson } from '@yiben/shared'
import {
  ANSWER_BYTES_MAX,
  answerSchema,
  CONTROL_SOCKET,
  CONTROL_VERSION,
  type ControlAnswer,
  type ControlRequest,
  encodeLine,
} from './protocol.ts'

/** A pause closes driver handles within 2 s; everything else answers at once. */
const ANSWER_MS_MAX = 10_000

/** Throws `connection_failed` or `permission_denied` when no agent answers there. */
export async function askAgent(
  runDir: string,
  request: ControlRequest,
  clock: Clock,
): Promise<ControlAnswer> {
  const path = join(runDir, CONTROL_SOCKET)
  const line = await exchange(path, encodeLine({ version: CONTROL_VERSION, request }), clock)
  const parsed = answerSchema.safeParse(parseJson(line))
  if (!parsed.success) {
    throw new AppError('connection_failed', `What answers at ${path} is not this agent.`)
  }
  return parsed.data
}

function exchange(path: string, line: string, clock: Clock): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    let text = ''
    const timer = clock.after(ANSWER_MS_MAX, () => {
      fail(new AppError('connection_failed', `The agent at ${path} does not answer.`))
    })
    const fail = (error: AppError) => {
      timer.cancel()
      socket.destroy()
      reject(error)
    }
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(line))
    socket.on('error', (error) => fail(unreachable(path, error)))
    socket.on('close', () => {
      fail(new AppError('connection_failed', `The agent at ${path} closed without an answer.`))
    })
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) {
        timer.cancel()
        resolve(text.slice(0, end))
        socket.destroy()
      } else if (text.length > ANSWER_BYTES_MAX) {
        fail(new AppError('connection_failed', `The agent at ${path} answers without an end.`))
      }
    })
  })
}

function unreachable(path: string, error: Error): AppError {
  const code = 'code' in error ? error.code : null
  if (code === 'EACCES') {
    return new AppError(
      'permission_denied',
      `You may not open ${path}: run the command as the user the agent runs as (root).`,
      { cause: error },
    )
  }
  return new AppError(
    'connection_failed',
    `No agent is running at ${path}: start it, or name its run folder with --run-dir.`,
    { cause: error },
  )
}
