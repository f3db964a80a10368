/** A store that answers in threads or connections of its own, and how much it has not answered. */
import type { Store } from './store.ts'

/** Requests that threads of the store have been asked and have not answered. */
export interface StoreLoad {
  readonly writes: number
  readonly reads: number
}

export interface ThreadedStore extends Store {
  load(): StoreLoad
}
