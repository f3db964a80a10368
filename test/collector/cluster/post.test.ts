/** Questions between processes: answered, or given up in time. */
import { createLogger } from '@yiben/shared'
import { expect, onTestFinished, test } from 'vitest'
import { Post } from '../../../collector/src/cluster/post.ts'
import type { Message, MessageTo } from '../../../collector/src/storage/members.ts'
import { createRealWorld } from '../../../shared/src/real-world.ts'

const { clock, random } = createRealWorld()

/** Messages in memory; `lose` says which never arrive. */
function office(lose: (message: MessageTo) => boolean = () => false) {
  const boxes = new Map<string, Message[]>()
  const posts = new Map<string, Post>()
  const postOf = (instance: string): Post => {
    boxes.set(instance, [])
    const post = new Post({
      members: {
        send: async (messages) => {
          for (const message of messages) {
            if (lose(message)) continue
            boxes.get(message.receiver)?.push({ sender: instance, body: message.body })
            posts.get(message.receiver)?.wake()
          }
        },
        take: async () => boxes.get(instance)?.splice(0, 500) ?? [],
      },
      clock,
      random,
      log: createLogger('silent'),
    })
    posts.set(instance, post)
    post.start()
    onTestFinished(() => post.close())
    return post
  }
  return { one: postOf('one'), two: postOf('two') }
}

test('a question is answered by the one that was asked', async () => {
  const { one, two } = office()
  two.on('double', (content, sender) => ({ sender, twice: Number(content) * 2 }))
  expect(await one.ask('two', 'double', 21, 5_000)).toEqual({ sender: 'one', twice: 42 })
})

test('an answer of any length arrives whole', async () => {
  const { one, two } = office()
  const long = 'ä\u{1f600}'.repeat(700_000)
  two.on('long', () => ({ long }))
  expect(await one.ask('two', 'long', null, 20_000)).toEqual({ long })
})

test('words arrive in the order in which they were said', async () => {
  const { one, two } = office()
  const heard: unknown[] = []
  two.on('word', (content) => void heard.push(content))
  const { promise, resolve } = Promise.withResolvers<void>()
  two.on('last', () => resolve())
  for (let word = 0; word < 2_000; word += 1) one.tell('two', 'word', word)
  one.tell('two', 'last', null)
  await promise
  expect(heard).toEqual(Array.from({ length: 2_000 }, (_, word) => word))
})

test('who gets no answer is told nothing: lost, unknown, failed, closed', async () => {
  const { one, two } = office(({ body }) => body.includes('lost'))
  two.on('fails', () => Promise.reject(new Error('no')))
  two.on('never', () => new Promise(() => {}))
  expect(await one.ask('two', 'lost', null, 50)).toBeNull()
  expect(await one.ask('two', 'unknown', null, 5_000)).toBeNull()
  expect(await one.ask('two', 'fails', null, 5_000)).toBeNull()
  const waiting = one.ask('two', 'never', null, 60_000)
  one.close()
  expect(await waiting).toBeNull()
  expect(await one.ask('two', 'fails', null, 5_000)).toBeNull()
})
