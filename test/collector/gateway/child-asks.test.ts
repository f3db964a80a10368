/** Questions to children: an answer counts once, from whom was asked, on the connection it came by. */
import { ASK_BODY_BYTES_MAX, type ChildAsk, type ToNodeMessage } from '@yiben/shared'
import { beforeEach, describe, expect, test } from 'vitest'
import { type AskedSession, ChildAsks } from '../../../collector/src/gateway/child-asks.ts'
import type { ChildQuestion, ChildReply } from '../../../collector/src/model/child-line.ts'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'

const BODY = new Uint8Array([1])
const QUESTION: ChildQuestion = { kind: 'post', path: ['c-1', 'c-2'], withinMs: 500, body: BODY }

class Session implements AskedSession {
  readonly childId: string
  readonly name = 'east'
  readonly isOpen = true
  readonly sent: ChildAsk[] = []
  unread = 0

  constructor(childId = 'c-1') {
    this.childId = childId
  }

  send(message: ToNodeMessage): void {
    if (message.kind === 'child_ask') this.sent.push(message.childAsk)
  }

  unreadBytes(): number {
    return this.unread
  }
}

let clock: FakeClock
let asks: ChildAsks
let session: Session

beforeEach(() => {
  clock = new FakeClock()
  asks = new ChildAsks({ clock, random: new FakeRandom(3) })
  session = new Session()
  asks.connected(session)
})

/** Asked, and what has come of it so far. */
function ask(question: Partial<ChildQuestion> = {}) {
  const state: { reply: ChildReply | null } = { reply: null }
  void asks.ask({ ...QUESTION, ...question }).then((reply) => {
    state.reply = reply
  })
  return state
}

const answer = (askId = 0, from: AskedSession = session) =>
  asks.onAnswer(from, { askId, status: 'answered', body: BODY })

describe('L26: a question', () => {
  test('goes to the child with the rest of the way, and is answered once', async () => {
    const asked = ask()
    const [sent] = session.sent
    expect(sent).toMatchObject({ kind: 'post', path: ['c-2'], withinMs: 500, body: BODY })
    answer(sent?.askId)
    answer(sent?.askId)
    await clock.run(1_000)
    expect(asked.reply).toEqual({ status: 'answered', body: BODY })
    expect(clock.pendingTimers()).toBe(0)
  })

  test('that is refused says so, with nothing beside it', async () => {
    const asked = ask()
    const askId = session.sent[0]?.askId ?? 0
    asks.onAnswer(session, { askId, status: 'closed', body: BODY })
    await clock.run(1)
    expect(asked.reply).toEqual({ status: 'closed' })
  })

  test('that is not answered in time is unheard; what comes later is nobody’s', async () => {
    const asked = ask()
    await clock.run(499)
    expect(asked.reply).toBeNull()
    await clock.run(1)
    expect(asked.reply).toEqual({ status: 'unheard' })
    answer(session.sent[0]?.askId)
  })

  test('is answered by nobody else', async () => {
    const other = new Session('c-9')
    asks.connected(other)
    const asked = ask()
    answer(session.sent[0]?.askId, other)
    await clock.run(1)
    expect(asked.reply).toBeNull()
  })

  test('of a connection that ends is unheard, and its answer is not taken for another’s', async () => {
    const first = ask()
    const newer = new Session()
    asks.connected(newer)
    await clock.run(1)
    expect(first.reply).toEqual({ status: 'unheard' })
    const second = ask()
    answer(session.sent[0]?.askId, newer)
    await clock.run(1)
    expect(second.reply).toBeNull()
    expect(newer.sent[0]?.askId).not.toBe(session.sent[0]?.askId)
    asks.closed(newer)
    await clock.run(1)
    expect(second.reply).toEqual({ status: 'unheard' })
    expect(asks.drawing()).toEqual([])
    // The end of the older one, heard late, ends nothing.
    asks.connected(new Session())
    asks.closed(session)
    expect(asks.drawing()).toHaveLength(1)
  })

  test('is not sent to nobody, too far, too long, or to a child that does not read', async () => {
    const none = [
      ask({ path: ['c-9'] }),
      ask({ path: [] }),
      ask({ path: ['c-1', 'a', 'b', 'c', 'd', 'e'] }),
      ask({ body: new Uint8Array(ASK_BODY_BYTES_MAX + 1) }),
    ]
    session.unread = 3 * 1024 * 1024
    none.push(ask())
    await clock.run(1)
    expect(none.map(({ reply }) => reply?.status)).toEqual(none.map(() => 'unheard'))
    expect(session.sent).toEqual([])
    session.unread = 0
    for (let count = 0; count < 300; count += 1) ask()
    expect(session.sent).toHaveLength(256)
  })

  test('whoever listens is told when a child can be asked again', () => {
    let told = 0
    asks.onConnected(() => {
      told += 1
    })
    asks.connected(new Session('c-5'))
    expect(told).toBe(1)
  })
})
