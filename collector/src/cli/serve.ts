/**
 * `yiben-collector serve`: opens the ledger of the data folder and serves it until told to stop; one
 * that is in a database it serves beside other processes.
 */
import { serveAmong } from './serve-among.ts'
import { openLedger } from './serve-ledger.ts'
import { openKeeper, type ServeOptions, servePart } from './serve-part.ts'

/** Runs until told to stop; throws what it cannot go on with. */
export async function serve(options: ServeOptions): Promise<void> {
  const { config } = options
  if (config.storage.url !== null) {
    await serveAmong(options)
    return
  }
  const keeper = await openKeeper(options)
  const died = new AbortController()
  const store = await openLedger(options, (error) => died.abort(error))
  if (store === null) return
  try {
    const part = { store, keeper, over: died.signal, among: null, port: config.port }
    await servePart(options, part)
  } finally {
    await store.close()
  }
  if (died.signal.aborted) throw died.signal.reason
}
