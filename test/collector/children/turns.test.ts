/** Who waits for whom where many children tell at once. */
import { expect, test } from 'vitest'
import { Turns } from '../../../collector/src/children/turns.ts'

/** Work that is done when it is told so. */
function work(turns: Turns, name: string, begun: string[]) {
  const { promise, reject, resolve } = Promise.withResolvers<string>()
  const done = turns.take(() => {
    begun.push(name)
    return promise
  })
  done.catch(() => {})
  return { done, finish: () => resolve(name), fail: () => reject(new Error(name)) }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('only so many go at once, the others in the order they came', async () => {
  const turns = new Turns(2)
  const begun: string[] = []
  const [one, two, three, four] = ['1', '2', '3', '4'].map((name) => work(turns, name, begun))
  await settled()
  expect(begun).toEqual(['1', '2'])
  two?.finish()
  expect(await two?.done).toBe('2')
  await settled()
  expect(begun).toEqual(['1', '2', '3'])
  one?.finish()
  three?.finish()
  await settled()
  expect(begun).toEqual(['1', '2', '3', '4'])
  four?.finish()
  await four?.done
})

test('a turn ends with what fails in it, and nobody gets one too many', async () => {
  const turns = new Turns(1)
  const begun: string[] = []
  const [one, two] = ['1', '2'].map((name) => work(turns, name, begun))
  one?.fail()
  await expect(one?.done).rejects.toThrow('1')
  await settled()
  expect(begun).toEqual(['1', '2'])
  const three = work(turns, '3', begun)
  await settled()
  expect(begun).toEqual(['1', '2'])
  two?.finish()
  await settled()
  expect(begun).toEqual(['1', '2', '3'])
  three.finish()
  expect(await three.done).toBe('3')
})
