/** A part with a life: it runs until it is stopped, and stopping it is safe at any time. */
import { errorCode, errorSentence } from './errors.ts'
import type { Logger } from './log.ts'

export interface Service {
  /** For log lines. */
  readonly id: string
  /** Resolves when stopped; rejects when it cannot go on. Called once. */
  run(): Promise<void>
  /** Begins to stop and resolves when nothing runs any more. Harmless when repeated. */
  stop(): Promise<void>
}

/**
 * Runs all until one fails or `signal` aborts, then stops all in reverse order: what was started
 * first is needed longest. Rejects with the first failure.
 */
export async function runServices(
  services: readonly Service[],
  options: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const { log, signal } = options
  const failures: unknown[] = []
  const stopping = new AbortController()
  const ended = services.map((service) =>
    service.run().then(
      () => stopping.abort(),
      (error: unknown) => {
        failures.push(error)
        const fields = { service: service.id, code: errorCode(error) }
        log.error(fields, `a service failed: ${errorSentence(error)}`)
        stopping.abort()
      },
    ),
  )
  await aborted(AbortSignal.any([signal, stopping.signal]))
  for (const service of services.toReversed()) await service.stop()
  await Promise.all(ended)
  if (failures.length > 0) throw failures[0]
}

/** Resolves once the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
