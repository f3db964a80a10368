/** The promises of the port without the asynchrony. */
import type { StoreMethod } from '../methods.ts'
import type { Store } from '../store.ts'

/** The port without the asynchrony: what the core implements over one connection. */
export type SyncStore = {
  readonly [Method in StoreMethod]: (
    ...args: Parameters<Store[Method]>
  ) => Awaited<ReturnType<Store[Method]>>
}
