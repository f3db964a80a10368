/** What anybody needs to check the journal without trusting the collector, asked over HTTP. */
import { createHash } from 'node:crypto'
import { ALGORITHM_ED25519, keyPairFromSeed } from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkpointText, ledgerSigner } from '../../../collector/src/journal/checkpoint.ts'
import { parseCheckpoint } from '../../../collector/src/journal/verify-checkpoint.ts'
import {
  checkSignature,
  parseNote,
  parseVerifierKey,
} from '../../../collector/src/journal/verify-note.ts'
import { verifyConsistency, verifyInclusion } from '../../../collector/src/journal/verify-tree.ts'
import { cosigned, witnessOf } from '../journal/witness.ts'
import { type Answer, ApiRig, WITNESS } from './api-rig.ts'

const NOW_SECONDS = 1_772_352_000

let api: ApiRig
beforeAll(async () => {
  api = await ApiRig.start()
})
afterAll(() => api.close())

async function write(count: number): Promise<void> {
  const { store, now } = api.rig
  const entry = { kind: 'veto' as const, atMs: now, payload: { site: '上海 SH-01' } }
  await store.beginSilences([], [], Array(count).fill(entry))
  await api.settle()
}

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex')

async function getText(url: string): Promise<Answer> {
  const answer = await api.app.inject({
    method: 'GET',
    url,
    headers: { authorization: `Bearer ${api.tokens.get('admin')}`, accept: 'text/plain' },
  })
  const { statusCode, headers, body } = answer
  return { status: statusCode, headers, text: body, body: null }
}

describe('before anything is signed', () => {
  test.each([
    '/v1/journal/checkpoint',
    '/v1/journal/checkpoint?cosigned=true',
    '/v1/journal/proof/inclusion?seq=1',
    '/v1/journal/proof/consistency?from=1&to=1',
  ])('%s is not found', async (url) => {
    const fresh = await ApiRig.start()
    const { status, body } = await fresh.get(url)
    await fresh.close()
    expect([status, body.code]).toEqual([404, 'not_found'])
    expect(body.detail).toContain('yet')
  })
})

describe('a checkpoint', () => {
  test('is signed by the key that is shown, over the entries that are listed', async () => {
    await write(9)
    const { body } = await api.get('/v1/journal/checkpoint')
    const note = parseNote(body.note)
    const key = parseVerifierKey(body.verifier_key)
    if (note === null || key === null) throw new Error('not readable')
    expect(checkSignature(note, key)).toBe('valid')
    const checkpoint = parseCheckpoint(note.text)
    expect(checkpoint).toMatchObject({ origin: body.origin, size: body.size })
    expect(Buffer.from(checkpoint?.root ?? []).toString('hex')).toBe(body.root)
    const { body: listed } = await api.get('/v1/journal/entries?limit=1000')
    expect(body.size).toBe(listed.head.seq)
    expect(body.origin).toBe(`yiben.ledger/${listed.origin}/${listed.generation}`)
    expect([body.demo, body.cosignatures]).toEqual([false, []])
  })

  test('is the note itself where plain text is asked for, JSON for everything else', async () => {
    const { body } = await api.get('/v1/journal/checkpoint')
    const { text, headers } = await getText('/v1/journal/checkpoint')
    expect(text).toBe(body.note)
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(headers.vary).toContain('accept')
  })
})

describe('a proof of inclusion', () => {
  test('takes any entry from its canonical text to the signed root', async () => {
    await write(20)
    const { body: checkpoint } = await api.get('/v1/journal/checkpoint')
    const { body: listed } = await api.get('/v1/journal/entries?limit=1000')
    for (const entry of listed.entries) {
      const { status, body } = await api.get(`/v1/journal/proof/inclusion?seq=${entry.seq}`)
      expect([entry.seq, status]).toEqual([entry.seq, 200])
      const leaf = Buffer.concat([Buffer.from([0]), Buffer.from(entry.canonical, 'utf8')])
      const leafHash = createHash('sha256').update(leaf).digest()
      expect(body).toMatchObject({ index: entry.seq - 1, size: checkpoint.size })
      expect(body.leaf_hash).toBe(leafHash.toString('hex'))
      const claim = {
        algorithm: ALGORITHM_ED25519,
        index: body.index,
        size: body.size,
        leafHash,
        root: bytes(checkpoint.root),
        proof: body.proof.map(bytes),
      }
      expect(verifyInclusion(claim)).toBe(true)
    }
  })

  test('is made for older checkpoints too', async () => {
    const { body: older } = await api.get('/v1/journal/checkpoint')
    await write(5)
    const url = `/v1/journal/proof/inclusion?seq=2&size=${older.size}`
    expect((await api.get(url)).body.root).toBe(older.root)
  })

  test.each([
    ['seq=0', 'seq'],
    ['seq=1.5', 'seq'],
    ['seq=one', 'seq'],
    ['', 'seq'],
    ['seq=1&size=0', 'size'],
    ['seq=1&size=99999', 'size'],
    ['seq=5&size=4', 'seq'],
    ['seq=99999', 'seq'],
    ['seq=1&leaf=1', 'leaf'],
  ])('?%s is refused with its field', async (query, field) => {
    const { status, body } = await api.get(`/v1/journal/proof/inclusion?${query}`)
    expect([status, body.code, body.field]).toEqual([400, 'request_invalid', field])
  })
})

describe('a proof of growth', () => {
  test('leads from any checkpoint to any later one', async () => {
    const { body: older } = await api.get('/v1/journal/checkpoint')
    await write(13)
    const { body: newer } = await api.get('/v1/journal/checkpoint')
    for (const from of [1, 2, 5, older.size, newer.size]) {
      const { body } = await api.get(`/v1/journal/proof/consistency?from=${from}`)
      expect([body.from, body.to]).toEqual([from, newer.size])
      const claim = {
        algorithm: ALGORITHM_ED25519,
        from,
        to: newer.size,
        fromRoot: from === older.size ? bytes(older.root) : bytes(body.from_root),
        toRoot: bytes(newer.root),
        proof: body.proof.map(bytes),
      }
      expect([from, verifyConsistency(claim)]).toEqual([from, true])
    }
  })

  test.each([
    ['from=0', 'from'],
    ['from=-1', 'from'],
    ['', 'from'],
    ['from=5&to=4', 'from'],
    ['from=1&to=99999', 'to'],
    ['from=99999', 'from'],
    ['from=1&to=2&size=3', 'size'],
  ])('?%s is refused with its field', async (query, field) => {
    const { status, body } = await api.get(`/v1/journal/proof/consistency?${query}`)
    expect([status, body.code, body.field]).toEqual([400, 'request_invalid', field])
  })
})

test('J11, J12: a damaged tree answers nothing rather than what does not verify', async () => {
  const damaged = await ApiRig.start()
  await damaged.settle()
  const { store } = damaged.rig
  const intact = store.readTreeNodes
  store.readTreeNodes = async (algorithm, nodes) =>
    (await intact(algorithm, nodes)).map((hash) => hash.map((byte) => byte ^ 1))
  const { status, body } = await damaged.get('/v1/journal/proof/inclusion?seq=1')
  expect([status, body.code]).toEqual([500, 'internal'])
  await damaged.close()
})

describe('J13: a witness', () => {
  const ask = (note: string) => api.ask('POST', '/v1/journal/cosignatures', 'regulator', { note })

  test('hands in its line, and it is shown with the checkpoint it is for', async () => {
    await write(1)
    const { body: first } = await api.get('/v1/journal/checkpoint')
    const note = cosigned(first.note, WITNESS, NOW_SECONDS)
    expect((await ask(note)).body).toEqual({ status: 'kept', size: first.size })
    expect((await ask(note)).body).toEqual({ status: 'older', size: first.size })
    const shown = await api.get('/v1/journal/checkpoint')
    expect(shown.body.note).toBe(note)
    expect(shown.body.cosignatures).toEqual([
      {
        witness: WITNESS.name,
        key_id: Buffer.from(WITNESS.keyId).toString('hex'),
        cosigned_at: new Date(NOW_SECONDS * 1_000).toISOString(),
      },
    ])
    await write(3)
    // The next checkpoint is not cosigned yet; the one that is can still be asked for.
    const next = await api.get('/v1/journal/checkpoint')
    expect([next.body.size, next.body.cosignatures]).toEqual([first.size + 3, []])
    expect((await getText('/v1/journal/checkpoint?cosigned=true')).text).toBe(note)
    const late = cosigned(next.body.note, WITNESS, NOW_SECONDS + 60)
    expect((await ask(late)).body).toEqual({ status: 'kept', size: first.size + 3 })
    expect((await ask(cosigned(first.note, WITNESS, NOW_SECONDS + 90))).body.status).toBe('older')
    expect((await api.get('/v1/journal/checkpoint?cosigned=true')).body.note).toBe(late)
  })

  test('is refused by name', async () => {
    const { body } = await api.get('/v1/journal/checkpoint')
    const [own = ''] = [body.note].map((note: string) => withoutCosignatures(note))
    const keys = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(7))
    const signer = ledgerSigner(api.context.ledger, keys)
    const lie = (size: number) =>
      signer.sign(checkpointText({ origin: signer.name, size, root: new Uint8Array(32) }))
    const time = NOW_SECONDS + 200
    const stranger = witnessOf('stranger.example', 6)
    const notes: readonly (readonly [number, string, string])[] = [
      [400, 'no signed checkpoint', 'garbage'],
      [400, 'no signed checkpoint', signer.sign('hello\n')],
      [400, 'another log', own.replace('yiben.ledger', 'other.ledger')],
      [400, 'our own signature', cosigned(own.replace(/^— .*\n/m, ''), WITNESS, time)],
      [400, 'our own signature', cosigned(own.replace(`\n${body.size}\n`, '\n1\n'), WITNESS, time)],
      [400, 'no line of a witness', own],
      [400, 'no line of a witness', cosigned(own, stranger, time)],
      [400, 'does not verify', cosigned(own, { ...WITNESS, keys }, time)],
      [400, 'in the future', cosigned(own, WITNESS, time + 86_400)],
      [409, 'more entries', cosigned(lie(99_999), WITNESS, time)],
      [409, 'another root', cosigned(lie(3), WITNESS, time)],
    ]
    for (const [status, sentence, note] of notes) {
      const answer = await ask(note)
      expect([sentence, answer.status, answer.body.field]).toEqual([sentence, status, 'note'])
      expect(answer.body.detail).toContain(sentence)
    }
    expect((await api.get('/v1/journal/checkpoint')).body.note).toBe(body.note)
  })

  test('brings no lines of strangers in with its own', async () => {
    await write(1)
    const { body } = await api.get('/v1/journal/checkpoint')
    const strange = cosigned(body.note, witnessOf('stranger.example', 6), NOW_SECONDS)
    expect((await ask(cosigned(strange, WITNESS, NOW_SECONDS + 250))).body.status).toBe('kept')
    expect((await api.get('/v1/journal/checkpoint')).body.note).not.toContain('stranger')
  })
})

/** Our own line only. */
function withoutCosignatures(note: string): string {
  const [text = '', lines = ''] = note.split('\n\n')
  return `${text}\n\n${lines.split('\n')[0]}\n`
}
