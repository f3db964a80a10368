/** The body of a store thread: opens its connection, answers one request after the other. */
import { parentPort } from 'node:worker_threads'
import { assert } from '@yiben/shared'
import { type Core, openReader, openWriter } from './core.ts'
import { isStoreMethod } from './methods.ts'
import { type FromWorker, type ToWorker, toPlainError, type WorkerSetup } from './protocol.ts'

assert(parentPort !== null, 'this file runs as a thread of the store')
const port = parentPort

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

function answer(core: Core, request: Extract<ToWorker, { kind: 'call' }>): void {
  try {
    assert(isStoreMethod(request.method), 'only methods of the port are asked for')
    send({ kind: 'result', id: request.id, value: core.call(request.method, request.args) })
  } catch (error) {
    send({ kind: 'error', id: request.id, error: toPlainError(error) })
  }
}

let core: Core | null = null

port.on('message', (message: ToWorker) => {
  if (message.kind === 'open') {
    core = open(message.setup)
    if (core === null) port.close()
    else send({ kind: 'ready' })
  } else if (message.kind === 'call') {
    assert(core !== null, 'a thread is asked only after it has opened')
    answer(core, message)
  } else {
    core?.close()
    port.close()
  }
})
