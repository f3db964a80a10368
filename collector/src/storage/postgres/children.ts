/** Collectors that report to this one: everything that the port promises of them. */
import type { ChildrenStore } from '../children-store.ts'
import type { Store } from '../store.ts'
import { childCommitMethods } from './children-commit.ts'
import { childConflictMethods } from './children-conflicts.ts'
import { childReadMethods } from './children-reads.ts'
import { childRosterMethods } from './children-roster.ts'
import type { Database } from './driver.ts'

export function childMethods(db: Database): Pick<Store, keyof ChildrenStore> {
  return {
    ...childRosterMethods(db),
    ...childCommitMethods(db),
    ...childConflictMethods(db),
    ...childReadMethods(db),
  }
}
