/** A store that reads once what it is asked twice: a report asks the same of it by many groupings. */
import type { Store } from '../../storage/store.ts'

/** For one report, and let go with it: it keeps every answer. */
export function rememberingStore(store: Store): Store {
  // Every method of the port is asynchronous; a report only reads.
  return Object.fromEntries(
    Object.entries(store).map(([name, read]) => [name, remembering(read)]),
  ) as unknown as Store
}

type Read = (...args: never[]) => Promise<unknown>

function remembering(read: Read): Read {
  const answers = new Map<string, Promise<unknown>>()
  return (...args) => {
    const key = JSON.stringify(args)
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer = read(...args)
    answers.set(key, answer)
    return answer
  }
}
