/** The change feed: ordered, resumable, at least once; by long poll and as a stream. */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { settle } from '../../support/fake-clock.ts'
import { ApiRig } from './api-rig.ts'

let api: ApiRig
let node: NodeId
beforeEach(async () => {
  api = await ApiRig.start()
  // Two cards that are not alike, so that there are two lots.
  node = await api.rig.admit(1, [{}, { name: 'NVIDIA A100-SXM4-80GB' }])
  await api.rig.policy(node)
})
afterEach(() => api.close())

/** Decided, and not numbered yet. */
async function decideDeposits(): Promise<void> {
  await api.rig.live(node, [['free/proven', 960]])
  await api.bank.drain()
}

async function openDeposits(): Promise<void> {
  await decideDeposits()
  await api.sequencer.drain()
}

async function closeDeposits(): Promise<void> {
  await api.rig.live(node, [['busy/active', 60]])
  await api.settle()
}

interface Change {
  readonly cursor: string
  readonly kind: string
  readonly lot: { readonly closed: readonly { deposit_id: string; close_reason: string | null }[] }
}

async function changes(query: string): Promise<{ changes: Change[]; next: string }> {
  const { status, body } = await api.get(`/v1/changes?${query}`, 'bank')
  expect(status).toBe(200)
  return body
}

describe('by poll', () => {
  test('openings and closings come in order, once each, however they are paged', async () => {
    await openDeposits()
    await closeDeposits()
    const whole = (await changes('')).changes
    expect(whole.map(({ kind }) => kind)).toEqual([
      'lot_opened',
      'lot_opened',
      'lot_closed',
      'lot_closed',
    ])
    expect(whole[2]?.lot.closed).toMatchObject([{ close_reason: 'window_ended' }])
    const paged: Change[] = []
    let after = ''
    for (let page = 0; page < 6; page += 1) {
      const answer = await changes(`limit=1${after}`)
      paged.push(...answer.changes)
      after = `&after=${answer.next}`
    }
    expect(paged).toEqual(whole)
  })

  test('a reader who stores the cursor of any change goes on after it', async () => {
    await openDeposits()
    await closeDeposits()
    const whole = (await changes('')).changes
    for (const [index, change] of whole.entries()) {
      expect((await changes(`after=${change.cursor}`)).changes).toEqual(whole.slice(index + 1))
    }
  })

  test('a snapshot and the feed from its cursor miss nothing', async () => {
    await openDeposits()
    const snapshot = (await api.get('/v1/changes/snapshot', 'bank')).body
    expect(snapshot.deposits).toHaveLength(2)
    await closeDeposits()
    const { changes: later } = await changes(`after=${snapshot.after}`)
    expect(later.map(({ kind }) => kind)).toEqual(['lot_closed', 'lot_closed'])
    expect(later.flatMap(({ lot }) => lot.closed.map((one) => one.deposit_id)).sort()).toEqual(
      snapshot.deposits.map((row: { deposit_id: string }) => row.deposit_id).sort(),
    )
  })

  test('an unnumbered decision is not in the feed yet', async () => {
    await decideDeposits()
    expect((await changes('')).changes).toEqual([])
    await api.sequencer.drain()
    expect((await changes('')).changes).toHaveLength(2)
  })

  test('a long poll is answered when an entry is numbered', async () => {
    await api.sequencer.drain()
    const { next } = await changes('')
    await decideDeposits()
    const waiting = changes(`after=${next}&wait=30s`)
    await untilWaiting()
    await api.sequencer.drain()
    expect((await waiting).changes).toHaveLength(2)
  })

  test('a long poll without news ends empty when its time is over', async () => {
    const waiting = changes('wait=5s')
    for (let second = 0; second < 5; second += 1) {
      await untilWaiting()
      await api.rig.clock.run(1_000)
    }
    expect((await waiting).changes).toEqual([])
  })

  test.each([
    ['2.1', 410, 'cursor_expired'],
    ['1.999999', 410, 'cursor_expired'],
    ['x', 400, 'request_invalid'],
  ])('the cursor %s is refused with %i', async (cursor, expected, code) => {
    const { status, body } = await api.get(`/v1/changes?after=${cursor}`)
    expect([status, body.code]).toEqual([expected, code])
  })

  test('waiting without a unit is refused', async () => {
    const { body } = await api.get('/v1/changes?wait=30')
    expect([body.code, body.field]).toEqual(['request_invalid', 'wait'])
  })

  test('more readers than allowed are told to come back', async () => {
    await api.sequencer.drain()
    const waiting = Array.from({ length: 4 }, () => changes('wait=30s'))
    await untilWaiting(4)
    const { status, body, headers } = await api.get('/v1/changes?wait=30s')
    expect([status, body.code, headers['retry-after']]).toEqual([503, 'overloaded', '5'])
    api.context.entries.close()
    await Promise.all(waiting)
  })
})

describe('as a stream', () => {
  test('changes are sent as they are numbered, and a reader resumes by the last id', async () => {
    const url = await listen()
    await decideDeposits()
    const first = await openStream(url, {})
    await api.sequencer.drain()
    const opened = await first.events(2)
    expect(opened.map(({ event }) => event)).toEqual(['lot_opened', 'lot_opened'])
    first.leave()
    await closeDeposits()
    const second = await openStream(url, { 'last-event-id': opened[0]?.id ?? '' })
    const resumed = await second.events(3)
    expect(resumed.map(({ id }) => id)).toEqual([
      opened[1]?.id,
      ...resumed.slice(1).map(({ id }) => id),
    ])
    expect(resumed.map(({ event }) => event)).toEqual(['lot_opened', 'lot_closed', 'lot_closed'])
    second.leave()
  })

  test('a stop of the collector ends the stream', async () => {
    const stream = await openStream(await listen(), {})
    api.context.entries.close()
    await stream.ended
  })
})

/** Real sockets take real turns of the event loop; bounded. */
async function untilWaiting(count = 1): Promise<void> {
  for (let turn = 0; turn < 10_000; turn += 1) {
    if (api.context.entries.waiting >= count) return
    await settle()
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error('nobody waits')
}

async function listen(): Promise<string> {
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = api.app.server.address() as AddressInfo
  return `http://127.0.0.1:${port}/v1/changes`
}

interface StreamEvent {
  readonly id: string
  readonly event: string
}

async function openStream(url: string, headers: Readonly<Record<string, string>>) {
  const request = get(url, {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${api.tokens.get('bank')}`,
      ...headers,
    },
  })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  expect(response.headers['content-type']).toBe('text/event-stream')
  let text = ''
  const seen: StreamEvent[] = []
  let wake = () => {}
  response.setEncoding('utf8')
  response.on('error', () => {})
  response.on('data', (chunk: string) => {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const id = /^id: (.*)$/m.exec(block)?.[1]
      const event = /^event: (.*)$/m.exec(block)?.[1]
      if (id !== undefined && event !== undefined) seen.push({ id, event })
    }
    wake()
  })
  return {
    ended: new Promise((resolve) => response.once('close', resolve)),
    leave: () => request.destroy(),
    events: async (count: number): Promise<readonly StreamEvent[]> => {
      while (seen.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return seen
    },
  }
}
