/**
 * The body of a store thread: opens its connection and answers requests in their order. The writer
 * takes what has gathered while it was writing in one transaction and one fsync; so the group grows
 * with the load, and a lone request waits for nobody.
 */
import { parentPort } from 'node:worker_threads'
import { AssertionFailure, assert } from '@yiben/shared'
import { isStoreMethod } from '../methods.ts'
import { type Answer, type Call, type Core, openReader, openWriter } from './core.ts'
import { type FromWorker, type ToWorker, toPlainError, type WorkerSetup } from './protocol.ts'
import { groupSize } from './write-group.ts'

assert(parentPort !== null, 'this file runs as a thread of the store')
const port = parentPort

type Request = Call & { readonly id: number }

let core: Core | null = null
let isWriter = false
/** Of the writer: asked and not yet begun. */
const waiting: Request[] = []

function send(message: FromWorker): void {
  port.postMessage(message)
}

function open(setup: WorkerSetup): Core | null {
  try {
    return setup.role === 'writer' ? openWriter(setup.options) : openReader(setup.options)
  } catch (error) {
    send({ kind: 'failed', error: toPlainError(error) })
    return null
  }
}

function take(from: Core, { args, id, method }: Extract<ToWorker, { kind: 'call' }>): void {
  if (!isStoreMethod(method)) {
    const error = new AssertionFailure('only methods of the port are asked for')
    answer(id, { status: 'error', error })
    return
  }
  const request = { args, id, method }
  if (!isWriter) {
    answer(id, alone(from, request))
    return
  }
  waiting.push(request)
  if (waiting.length === 1) setImmediate(() => takeGroup(from))
}

/** The next group; others that are already here follow in groups of their own. */
function takeGroup(from: Core): void {
  const group = waiting.splice(0, groupSize(waiting))
  if (waiting.length > 0) setImmediate(() => takeGroup(from))
  const [only, ...others] = group
  if (only === undefined) return
  const answers = others.length === 0 ? [alone(from, only)] : together(from, group)
  for (const [position, { id }] of group.entries()) answer(id, answers[position])
}

function alone(from: Core, { args, method }: Request): Answer {
  try {
    return { status: 'result', value: from.call(method, args) }
  } catch (error) {
    return { status: 'error', error }
  }
}

function together(from: Core, group: readonly Request[]): readonly Answer[] {
  try {
    return from.callTogether(group)
  } catch (error) {
    return group.map(() => ({ status: 'error', error }))
  }
}

function answer(id: number, answered: Answer | undefined): void {
  try {
    assert(answered !== undefined, 'every call of a group has its answer')
    if (answered.status === 'error') throw answered.error
    send({ kind: 'result', id, value: answered.value })
  } catch (error) {
    send({ kind: 'error', id, error: toPlainError(error) })
  }
}

port.on('message', (message: ToWorker) => {
  if (message.kind === 'open') {
    isWriter = message.setup.role === 'writer'
    core = open(message.setup)
    if (core === null) port.close()
    else send({ kind: 'ready' })
    return
  }
  if (message.kind === 'call') {
    assert(core !== null, 'a thread is asked only after it has opened')
    take(core, message)
    return
  }
  while (core !== null && waiting.length > 0) takeGroup(core)
  core?.close()
  port.close()
})
