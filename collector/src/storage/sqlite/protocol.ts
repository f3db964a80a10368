/**
 * What crosses between the store and its threads: one request, one answer, both plain values that
 * can be cloned. Errors keep their kind, code and fields.
 */
import { AppError, AssertionFailure, ERROR_CODES } from '@yiben/shared'
import type { CoreOptions } from './core.ts'

/** What a thread is told first. */
export type WorkerSetup =
  | { readonly role: 'writer'; readonly options: CoreOptions }
  | {
      readonly role: 'reader'
      readonly options: Pick<CoreOptions, 'path' | 'driver' | 'synchronous'>
    }

export type ToWorker =
  | { readonly kind: 'open'; readonly setup: WorkerSetup }
  | {
      readonly kind: 'call'
      readonly id: number
      readonly method: string
      readonly args: readonly unknown[]
    }
  /** After everything that was asked before: close and end. */
  | { readonly kind: 'close' }

export type FromWorker =
  | { readonly kind: 'ready' }
  /** The thread could not open the file and ends. */
  | { readonly kind: 'failed'; readonly error: PlainError }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: PlainError }

export interface PlainError {
  readonly name: string
  readonly message: string
  readonly stack: string | null
  readonly code: string | null
  readonly fields: Readonly<Record<string, unknown>>
}

export function toPlainError(error: unknown): PlainError {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), stack: null, code: null, fields: {} }
  }
  const isExpected = error instanceof AppError
  return {
    name: error.name,
    message: error.message,
    stack: error.stack ?? null,
    code: isExpected ? error.code : null,
    fields: isExpected ? error.fields : {},
  }
}

export function fromPlainError(plain: PlainError): Error {
  const error = rebuild(plain)
  if (plain.stack !== null) error.stack = plain.stack
  return error
}

function rebuild(plain: PlainError): Error {
  const code = ERROR_CODES.find((one) => one === plain.code)
  if (code !== undefined) return new AppError(code, plain.message, { fields: plain.fields })
  if (plain.name === 'AssertionFailure') return new AssertionFailure(plain.message)
  const error = new Error(plain.message)
  error.name = plain.name
  return error
}
