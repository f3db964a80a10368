/** The suite over PostgreSQL: a real server, a database of its own for each store. */
import type { Store } from '../../collector/src/storage/store.ts'
import { collectorsOnPostgres } from '../support/postgres-store.ts'
import { storeSuite } from './store.suite.ts'

const open = async (): Promise<Store> => {
  const [store] = (await collectorsOnPostgres(1)).stores
  if (store === undefined) throw new Error('no store')
  return store
}

storeSuite('postgres', open, { goesByMonth: true })
