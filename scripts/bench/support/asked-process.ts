/** A process of a load generator, told what to do by messages. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** One question at a time of each process; its next message is the answer. Throws when it ends. */
export async function askProcess<Command extends object, Answer>(
  child: ChildProcess,
  command: Command,
): Promise<Answer> {
  const asked = new AbortController()
  const { signal } = asked
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('a process of the load generator has ended')
  })
  // Of the two only one is waited for; the other one is called off.
  ended.catch(() => {})
  try {
    const answered = once(child, 'message', { signal })
    answered.catch(() => {})
    child.send(command)
    const [answer] = await Promise.race([answered, ended])
    return answer
  } finally {
    asked.abort()
  }
}
