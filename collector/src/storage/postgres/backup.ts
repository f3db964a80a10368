/**
 * Copies of a database are made with its own tools: a file of ours beside them would be a second
 * truth.
 */
import { AppError } from '@yiben/shared'
import type { Store } from '../store.ts'

export function backupMethods(): Pick<Store, 'backup'> {
  return {
    backup: async (path) => {
      const sentence =
        'The ledger is kept in PostgreSQL: copy it with pg_basebackup or pg_dump, not with this command.'
      throw new AppError('conflict', sentence, { fields: { path } })
    },
  }
}
