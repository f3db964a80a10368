/** Questions of the parent: so many at once, answered on the connection they came by. */
import { type ChildAnswer, type ChildAsk, silentLogger } from '@yiben/shared'
import { expect, test } from 'vitest'
import { Answering } from '../../../collector/src/upstream/answering.ts'

const ASK: ChildAsk = { askId: 7, kind: 'post', path: [], withinMs: 500, body: new Uint8Array(0) }
const ANSWER = { status: 'answered', body: new Uint8Array([1]) } as const
const UNHEARD = { askId: 7, status: 'unheard', body: new Uint8Array(0) }

function answering(answer: (() => Promise<Omit<ChildAnswer, 'askId'>>) | null) {
  const said: ChildAnswer[] = []
  const answerer = answer === null ? null : { isOpen: true, answer }
  return { said, part: new Answering(answerer, silentLogger, (one) => said.push(one)) }
}

const turns = () => new Promise((resolve) => setImmediate(resolve))

test('an answer bears the number of its question', async () => {
  const { part, said } = answering(async () => ANSWER)
  part.take(ASK)
  await turns()
  expect(said).toEqual([{ askId: 7, ...ANSWER }])
})

test('what fails, and what nobody decides, is unheard: it is asked again', async () => {
  for (const answer of [null, () => Promise.reject(new Error('just now'))]) {
    const { part, said } = answering(answer)
    part.take(ASK)
    await turns()
    expect(said).toEqual([UNHEARD])
  }
})

test('an answer that comes after the connection is not said on the next one', async () => {
  const { promise, resolve } = Promise.withResolvers<typeof ANSWER>()
  const { part, said } = answering(() => promise)
  part.connected()
  part.take(ASK)
  part.connected()
  resolve(ANSWER)
  await turns()
  expect(said).toEqual([])
})

test('so many are taken at once, and no more', async () => {
  const { promise, resolve } = Promise.withResolvers<typeof ANSWER>()
  const { part, said } = answering(() => promise)
  for (let askId = 1; askId <= 300; askId += 1) part.take({ ...ASK, askId })
  await turns()
  expect(said.map(({ status }) => status)).toEqual(Array.from({ length: 44 }, () => 'unheard'))
  resolve(ANSWER)
  await turns()
  expect(said.filter(({ status }) => status === 'answered')).toHaveLength(256)
  part.take(ASK)
  await turns()
  expect(said.at(-1)?.status).toBe('answered')
})
