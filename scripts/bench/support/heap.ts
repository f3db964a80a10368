/** What a process holds after a full collection. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Full collections on demand, without a flag on the command line. */
export function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('this Node lets nobody collect garbage')
  return () => collect()
}
