/**
 * Whether this program is being replaced by another version. Every installer keeps the one that was
 * there beside it, as `NAME.old`, from before anything changes until the new one has become ready
 * (`yiben_keep_old` of the packages): the last word of either says so.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Goodbye } from '@yiben/shared'

/** `executable`: the Node.js that runs this, `HOME/bin/node` in a package. */
export function stopReasonOf(executable: string): Goodbye['reason'] {
  return existsSync(`${dirname(dirname(executable))}.old`) ? 'upgrade' : 'stop'
}
