/** The process around `serve`: it stops in order when told to, ends hard when it cannot, or on a bug. */
import { createLogger, type NotifyRequest, ServiceManager, type World } from '@yiben/shared'
import type { CollectorConfig } from '../config.ts'
import { serve } from './serve.ts'

/** An ordered stop is given this long: agents settle, the store closes. */
const STOP_MS_MAX = 5_000

export async function serveProcess(
  config: CollectorConfig,
  world: World,
  notifyRequest: NotifyRequest | null,
): Promise<void> {
  const log = createLogger(config.logLevel)
  const manager = await ServiceManager.open(notifyRequest, { clock: world.clock, log })
  const stopping = new AbortController()
  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'told to stop')
    manager?.stopping()
    stopping.abort()
    // Whatever is acknowledged is durable at every instant: ending hard loses nothing.
    world.clock.after(STOP_MS_MAX, () => {
      log.error({ limit_ms: STOP_MS_MAX }, 'could not stop in time: ending the process')
      process.exit(1)
    })
  }
  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'a bug: the collector ends')
    process.exit(1)
  })
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // Held from the beginning: a program that has no ear for SIGHUP is ended by it.
  let look = () => {}
  process.on('SIGHUP', () => {
    log.info({}, 'told to look at certificates')
    look()
  })
  const onLook = (run: () => void) => {
    look = run
  }
  const say = (line: string) => void process.stdout.write(`${line}\n`)
  await serve({ config, world, log, stopSignal: stopping.signal, say, manager, onLook })
  process.exit(0)
}
