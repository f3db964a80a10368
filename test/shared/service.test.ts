import { AppError, runServices, type Service, silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'

function service(id: string, stops: string[], failure: Error | null = null): Service {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return {
    id,
    run: () => {
      if (failure !== null) reject(failure)
      return promise
    },
    stop: async () => {
      stops.push(id)
      resolve()
    },
  }
}

describe('services', () => {
  test('run until told to stop, and stop in reverse order', async () => {
    const stops: string[] = []
    const control = new AbortController()
    const services = [service('a', stops), service('b', stops), service('c', stops)]
    const ended = runServices(services, { log: silentLogger, signal: control.signal })
    control.abort()
    await ended
    expect(stops).toEqual(['c', 'b', 'a'])
  })

  test('one that fails stops the others, and its failure is told', async () => {
    const stops: string[] = []
    const failure = new AppError('disk_failed', 'the disk is gone')
    const services = [service('a', stops), service('b', stops, failure)]
    const { signal } = new AbortController()
    await expect(runServices(services, { log: silentLogger, signal })).rejects.toBe(failure)
    expect(stops).toEqual(['b', 'a'])
  })
})
