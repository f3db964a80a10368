/** A request that came to a collector that does not lead is answered as if it had come to the other. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { answerForwarded, forwarding, type Inject } from '../../../collector/src/cluster/forward.ts'
import type { Post, PostHandler } from '../../../collector/src/cluster/post.ts'

/** A post that hands over at once. */
function directPost(): Pick<Post, 'on' | 'ask'> {
  const handlers = new Map<string, PostHandler>()
  return {
    on: (topic, handler) => void handlers.set(topic, handler),
    ask: async (_receiver, topic, content) => {
      const answer = await handlers.get(topic)?.(JSON.parse(JSON.stringify(content)), 'two')
      return JSON.parse(JSON.stringify(answer ?? null))
    },
  }
}

async function listening(inject: Inject | null, leader: string | null = 'leader') {
  const post = directPost()
  if (inject !== null) answerForwarded(post, inject)
  const here: RequestListener = (_request, response) => response.end('here')
  const server = createServer(forwarding(here, post, () => leader))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

test('method, path, headers, address and body go there; status, headers and bytes come back', async () => {
  const asked: Parameters<Inject>[0][] = []
  const url = await listening(async (request) => {
    asked.push(request)
    const headers = { 'content-type': 'text/plain', 'set-cookie': ['a=1', 'b=2'], connection: 'x' }
    return { statusCode: 201, headers, rawPayload: Buffer.from([0, 255, 10]) }
  })
  const body = JSON.stringify({ draw_id: 'd-1' })
  const headers = { authorization: 'Bearer t', 'content-type': 'application/json' }
  const answer = await fetch(`${url}/v1/draws?x=1`, { method: 'POST', body, headers })
  expect(answer.status).toBe(201)
  expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([0, 255, 10])
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatchObject({ method: 'POST', url: '/v1/draws?x=1', headers })
  expect(asked[0]?.remoteAddress).toContain('127.0.0.1')
  expect(String(asked[0]?.payload)).toBe(body)
})

test.each([
  ['GET', '/healthz', 'here'],
  ['GET', '/v1/changes?after=1.2', 'here'],
  ['GET', '/v1/ledger', 'here'],
  ['GET', '/assets/index.js', 'here'],
  ['GET', '/v1/draws', 'there'],
  ['GET', '/v1/ledgers', 'there'],
  ['GET', '/v1/changesets', 'there'],
  ['POST', '/v1/ledger', 'there'],
  ['DELETE', '/v1/tokens/t', 'there'],
])('%s %s is answered %s', async (method, path, where) => {
  const url = await listening(async () => ({
    ...{ statusCode: 200, headers: {}, rawPayload: Buffer.from('there') },
  }))
  expect(await (await fetch(url + path, { method })).text()).toBe(where)
})

test('while nobody leads, or the one that does is silent, the asker is told to ask again', async () => {
  for (const url of [await listening(null), await listening(null, null)]) {
    const answer = await fetch(`${url}/v1/draws`, { method: 'POST', body: '{}' })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('2')
    expect(await answer.json()).toMatchObject({ code: 'store_unavailable', status: 503 })
  }
})

test('a body that is too long goes nowhere', async () => {
  const url = await listening(() => Promise.reject(new Error('asked')))
  const body = 'x'.repeat(300 * 1024)
  const answer = await fetch(`${url}/v1/draws`, { method: 'POST', body })
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ code: 'request_invalid' })
})
