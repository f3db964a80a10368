/** The example of a bank’s backend, with cards of a collector below: it waits, and believes nothing before. */
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Api } from '../../scripts/bank-client/api.ts'
import { BankClient } from '../../scripts/bank-client/client.ts'
import { PlacedRig } from '../collector/placed/rig.ts'
import { tempDir } from '../support/temp-dir.ts'

let rig: PlacedRig
let client: BankClient
let file: string

/** Asks the interface without a socket. */
const ask: typeof fetch = async (url, init) => {
  const { body, headers, method = 'GET' } = init ?? {}
  const answer = await rig.parent.app.inject({
    method: method as 'GET' | 'POST',
    url: String(url).replace('http://bank', ''),
    headers: headers as Record<string, string>,
    ...(typeof body === 'string' ? { payload: body } : {}),
  })
  return new Response(answer.body, {
    status: answer.statusCode,
    headers: { 'content-type': String(answer.headers['content-type']) },
  })
}

function open(): BankClient {
  const token = rig.parent.tokens.get('bank') ?? ''
  const api = new Api({ url: 'http://bank', token, fetch: ask, triesMax: 3, waitMsFirst: 0.001 })
  return new BankClient({ api, file, bank: 'bank', statementWaitMs: 1 })
}

beforeEach(async () => {
  rig = await PlacedRig.start()
  file = join(tempDir(), 'book.json')
  client = open()
})
afterEach(() => rig.close())

test('what the collector below has not answered stays open in the book, and is asked again', async () => {
  const request = { borrower: 'borrower', contract: 'c-1', lots: await rig.lots(), hours: 1 }
  rig.line.faults = ['lose_answer']
  expect(await client.hold('a', request)).toMatchObject({ state: 'asking' })
  expect(client.drawOf('a')).toMatchObject({ state: 'asking', intent: { step: 'hold' } })

  // Another process of the bank, over the same book.
  client = open()
  expect(await client.resume()).toEqual(['a'])
  expect(client.drawOf('a')).toMatchObject({ state: 'held', intent: null })

  rig.line.isCut = true
  await client.post('a')
  expect(client.drawOf('a')).toMatchObject({ state: 'posting', intent: { step: 'post' } })
  rig.line.reconnect()
  await rig.pass(1_000)
  await rig.parent.settle()
  await client.follow()
  expect(client.drawOf('a')).toMatchObject({ state: 'posted', intent: { step: 'post' } })
  await client.resume()
  const posted = client.drawOf('a')
  expect(posted).toMatchObject({ state: 'posted', intent: null, isPlaced: true })
  expect(Object.keys(posted.cards)).toEqual(['0'])

  await rig.sites.minute()
  await client.return('a')
  await rig.sites.minute()
  await rig.pass(6_000)
  await rig.parent.settle()
  await client.follow()
  expect(client.drawOf('a')).toMatchObject({ state: 'ended', cards: { 0: { end: 'returned' } } })
  // Its accounts are with the collector that granted it.
  expect((await client.reconcile('borrower')).draws).toEqual([])
})

test('a snapshot has what lives of it', async () => {
  await client.hold('a', { borrower: 'b', contract: 'c', lots: await rig.lots(), hours: 1 })
  const { body } = await rig.parent.get('/v1/changes/snapshot', 'bank')
  expect(body.draws).toMatchObject([{ draw_id: 'a', state: 'held' }])
  expect(body.next_cursor).toBeNull()
  await client.void('a')
  expect((await rig.parent.get('/v1/changes/snapshot', 'bank')).body.draws).toEqual([])
})
