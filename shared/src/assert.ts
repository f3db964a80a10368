/** Assertions guard what must be true whatever the outside world does: a failure is our bug. */

/** Thrown by `assert`; never caught except at the top, where the process stops. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure'
}

/** Stops with `sentence` unless `condition` holds. */
export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new AssertionFailure(sentence)
}

/** Marks a branch the types say cannot be reached. */
export function unreachable(value: never, sentence: string): never {
  throw new AssertionFailure(`${sentence}: ${String(value)}`)
}
