/**
 * An export is verified with its bytes and a public key alone; everything that can be done to it is
 * found, with its own name and its place.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ALGORITHM_SM2, keyPairFromSeed } from '@yiben/shared'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { numberEntry } from '../../../collector/src/journal/entry.ts'
import { linkHash } from '../../../collector/src/journal/verify-entry.ts'
import type { ExportFault } from '../../../collector/src/journal/verify-export.ts'
import { LINE_BYTES_MAX } from '../../../collector/src/journal/verify-lines.ts'
import { parseVerifierKey } from '../../../collector/src/journal/verify-note.ts'
import { RootWalk } from '../../../collector/src/journal/verify-tree.ts'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import { ApiRig, WITNESS } from '../api/api-rig.ts'
import { HOUR, LedgerRig, START_MS } from '../bank/ledger-rig.ts'
import {
  bare,
  changed,
  exportOf,
  type Fields,
  Forger,
  folderOf,
  IDENTITY,
  isEntry,
  NOTHING_ASKED,
  THIEF,
  textOf,
  verifyText,
  WITH_KEY,
} from './export-support.ts'
import { cosigned, witnessOf } from './witness.ts'

const OWN_HAND = new Forger(IDENTITY)
const THIEFS_HAND = new Forger(THIEF)

let api: ApiRig
let lines: readonly string[] = []
let firstNote = ''
const folder = mkdtempSync(join(tmpdir(), 'yiben-export-'))

beforeAll(async () => {
  api = await ApiRig.start()
  const node = await api.rig.admit(1, [{}, {}])
  await api.rig.policy(node)
  await api.rig.live(node, [['free/proven', 2_700]])
  await api.settle()
  await api.rig.live(node, [
    ['busy/active', 5_400],
    ['free/proven', 1_800],
  ])
  api.rig.clock.advance(4 * HOUR)
  await api.settle()
  firstNote = (await api.get('/v1/journal/checkpoint')).body.note
  const note = cosigned(firstNote, WITNESS, START_MS / 1_000)
  await api.ask('POST', '/v1/journal/cosignatures', 'regulator', { note })
  // One entry more, so that the newest checkpoint is not the cosigned one.
  const more = { kind: 'veto' as const, atMs: api.rig.now, payload: { node_id: node } }
  await api.rig.store.beginSilences([], [], [more])
  await api.settle()
  lines = (await exportOf(await folderOf(api.rig, { folder }), api.rig)).lines
})
afterAll(async () => {
  await api.close()
  rmSync(folder, { recursive: true })
})

const entryAt = (seq: number) =>
  lines.findIndex((text) => isEntry(text) && JSON.parse(text).seq === seq)
const lineOf = (type: string, nth = 0) =>
  lines.flatMap((text, index) => (text.startsWith(`{"type":"${type}"`) ? [index] : [])).at(nth) ??
  -1
const entryCount = () => lines.filter(isEntry).length

/** The lines with one of them replaced, by none or several. */
function with_(index: number, ...by: readonly string[]): string[] {
  if (index < 0) throw new Error('no such line')
  return [...lines.slice(0, index), ...by, ...lines.slice(index + 1)]
}

function altered(index: number, change: (fields: Fields) => object): string[] {
  return with_(index, changed(lines[index] ?? '', change))
}

describe('J14: an export as it was made', () => {
  test('holds every kind of line, checkpoint before entries, end last', () => {
    const types = lines.map((text) => JSON.parse(text).type)
    expect(types.slice(0, 4)).toEqual(['ledger', 'checkpoint', 'checkpoint', 'consistency_proof'])
    expect(types.at(-1)).toBe('end')
    expect(new Set(types)).toEqual(
      new Set([
        ...['ledger', 'checkpoint', 'consistency_proof', 'site', 'unit', 'run', 'deposit'],
        ...['bucket', 'journal_entry', 'end'],
      ]),
    )
  })

  test('verifies with the bare key and with the verifier key, and says what it is', async () => {
    const { body } = await api.get('/v1/journal/checkpoint')
    const verdict = await verifyText(textOf(lines))
    const { head } = (await api.get('/v1/journal/entries?limit=1')).body
    expect(verdict).toEqual({
      status: 'verified',
      facts: {
        origin: body.origin,
        generation: 1,
        head,
        root: body.root,
        isSignatureChecked: true,
        cosignatures: [
          {
            name: WITNESS.name,
            keyId: Buffer.from(WITNESS.keyId).toString('hex'),
            seconds: START_MS / 1_000,
            size: Number(firstNote.split('\n')[1]),
            isChecked: false,
          },
        ],
        hoursProven: 2,
        hoursUnproven: 0,
        lines: lines.length,
      },
    })
    const key = parseVerifierKey(body.verifier_key)
    expect(await verifyText(textOf(lines), { ...NOTHING_ASKED, key })).toEqual(verdict)
  })

  test('without a key agrees with itself, and says that no signature was checked', async () => {
    expect(await verifyText(textOf(lines), NOTHING_ASKED)).toMatchObject({
      status: 'verified',
      facts: { isSignatureChecked: false },
    })
  })

  test('contains a checkpoint and an entry that were seen before', async () => {
    const { hash } = JSON.parse(lines[entryAt(3)] ?? '{}')
    const question = { ...WITH_KEY, seen: firstNote, head: { seq: 3, hash } }
    expect((await verifyText(textOf(lines), question)).status).toBe('verified')
  })

  test('bears the cosignature of a witness that is asked for', async () => {
    const witness = parseVerifierKey(WITNESS.verifierKey)
    const verdict = await verifyText(textOf(lines), { ...WITH_KEY, witness })
    expect(verdict).toMatchObject({ facts: { cosignatures: [{ isChecked: true }] } })
    const stranger = parseVerifierKey(witnessOf('stranger.example', 6).verifierKey)
    expect(await verifyText(textOf(lines), { ...WITH_KEY, witness: stranger })).toMatchObject({
      fault: 'cosignature_missing',
    })
  })

  test('is made a second time byte for byte, end and all', async () => {
    const folder = await folderOf(api.rig)
    expect((await exportOf(folder, api.rig)).lines).toEqual(lines)
  })

  test('with SM2 and SM3 verifies with that key', async () => {
    const rig = new LedgerRig()
    const node = await rig.admit(1, [{}])
    await rig.live(node, [['free/proven', 600]])
    const folder = await folderOf(rig, { algorithm: ALGORITHM_SM2 })
    const exported = await exportOf(folder, rig)
    const keys = keyPairFromSeed(ALGORITHM_SM2, new Uint8Array(32).fill(7))
    const verdict = await verifyText(textOf(exported.lines), { ...NOTHING_ASKED, key: bare(keys) })
    expect([exported.note, verdict.status]).toEqual([null, 'verified'])
    expect(await verifyText(textOf(exported.lines))).toMatchObject({
      fault: 'checkpoint_not_signed',
    })
  })

  test('without the key beside the ledger, or signed with another, says so and does not verify', async () => {
    const folder = await folderOf(api.rig, { seed: null })
    const keyless = await exportOf(folder, api.rig)
    expect(keyless.note).toContain('identity.key')
    expect(await verifyText(textOf(keyless.lines))).toMatchObject({ fault: 'export_not_signed' })
    const other = await exportOf(await folderOf(api.rig, { seed: 9 }), api.rig)
    expect(other.note).toContain('another key')
    expect(await verifyText(textOf(other.lines))).toMatchObject({ fault: 'export_not_signed' })
    const fresh = new LedgerRig()
    const none = await exportOf(await folderOf(fresh, { seed: null }), fresh)
    expect(await verifyText(textOf(none.lines))).toMatchObject({ fault: 'checkpoint_missing' })
  })
})

/** Name, fault, place (line of the file or number of the entry), and what is done. */
type Corruption = readonly [
  string,
  ExportFault,
  () => { readonly line?: number; readonly atSeq?: number },
  () => readonly string[],
]

const SEQ = 3
const atSeq = (seq: number) => () => ({ line: entryAt(seq) + 1, atSeq: seq })
const atLine = (index: () => number) => () => ({ line: index() + 1 })
const atEnd = atLine(() => lines.length - 1)

function flipped(hex: string): string {
  return (hex.startsWith('a') ? 'b' : 'a') + hex.slice(1)
}

function noteOf(fields: Fields, from: string | RegExp, to: string): object {
  return { note: String(fields.note).replace(from, to) }
}

describe('J15: every corruption has its own name and place', () => {
  const ENTRY_FIELDS: readonly Corruption[] = [
    [
      'the number of an entry flipped',
      'number_not_next',
      atSeq(SEQ),
      () => altered(entryAt(SEQ), ({ seq }) => ({ seq: seq + 1 })),
    ],
    [
      'the generation of an entry flipped up',
      'first_not_ledger_opened',
      atSeq(SEQ),
      () => altered(entryAt(SEQ), () => ({ generation: 2 })),
    ],
    [
      'the generation of an entry flipped down',
      'generation_went_back',
      atSeq(SEQ),
      () => altered(entryAt(SEQ), () => ({ generation: 0 })),
    ],
    [
      'the kind of an entry flipped',
      'columns_differ',
      atSeq(SEQ),
      () => altered(entryAt(SEQ), ({ kind }) => ({ kind: `${kind}x` })),
    ],
    [
      'the time of an entry flipped',
      'columns_differ',
      atSeq(SEQ),
      () => altered(entryAt(SEQ), ({ at_ms: at }) => ({ at_ms: at + 1 })),
    ],
    [
      'a byte of an entry flipped',
      'hash_differs',
      atSeq(SEQ),
      () =>
        altered(entryAt(SEQ), ({ canonical }) => ({
          canonical: canonical.replace('"v":1', '"v":2'),
        })),
    ],
    [
      'the link of an entry flipped',
      'previous_hash_differs',
      atSeq(SEQ),
      () => altered(entryAt(SEQ), (entry) => ({ previous_hash: flipped(entry.previous_hash) })),
    ],
    [
      'the hash of an entry flipped',
      'hash_differs',
      atSeq(SEQ),
      () => altered(entryAt(SEQ), ({ hash }) => ({ hash: flipped(hash) })),
    ],
    [
      'an entry written in another form and hashed anew',
      'bytes_not_canonical',
      atSeq(SEQ),
      () =>
        altered(entryAt(SEQ), (entry) => {
          const canonical = `${entry.canonical} `
          return { canonical, hash: linkHash(entry.previous_hash, Buffer.from(canonical)) }
        }),
    ],
    [
      'an entry altered and hashed anew',
      'previous_hash_differs',
      atSeq(SEQ + 1),
      () =>
        altered(entryAt(SEQ), (entry) => {
          const fields = JSON.parse(entry.canonical)
          const canonical = entry.canonical.replace(`"at_ms":${fields.at_ms}`, '"at_ms":1')
          const hash = linkHash(entry.previous_hash, Buffer.from(canonical))
          return { canonical, at_ms: 1, hash }
        }),
    ],
    [
      'a field more beside an entry',
      'line_unreadable',
      atLine(() => entryAt(SEQ)),
      () => altered(entryAt(SEQ), () => ({ more: 1 })),
    ],
  ]

  const CUTS: readonly Corruption[] = [
    [
      'the last entry dropped',
      'end_cut_off',
      () => ({ line: lines.length - 1, atSeq: entryCount() }),
      () => with_(entryAt(entryCount())),
    ],
    [
      'all but the first entry dropped',
      'end_cut_off',
      () => ({ atSeq: 2 }),
      () => lines.filter((text) => !isEntry(text) || JSON.parse(text).seq === 1),
    ],
    [
      'every entry dropped',
      'end_cut_off',
      () => ({ atSeq: 1 }),
      () => lines.filter((text) => !isEntry(text)),
    ],
    [
      'the file cut among the entries',
      'end_cut_off',
      () => ({ atSeq: SEQ + 1 }),
      () => lines.slice(0, entryAt(SEQ) + 1),
    ],
    ['the last line cut off', 'end_missing', atEnd, () => lines.slice(0, -1)],
    ['an entry cut out', 'number_not_next', () => ({ atSeq: SEQ }), () => with_(entryAt(SEQ))],
    [
      'a run cut out',
      'line_count_differs',
      () => ({ line: lines.length - 1 }),
      () => with_(lineOf('run')),
    ],
    ['the first line cut off', 'ledger_missing', atLine(() => 0), () => lines.slice(1)],
    [
      'the buckets of an hour cut out',
      'buckets_missing',
      () => ({}),
      () => with_(lineOf('bucket')),
    ],
    [
      'the checkpoints cut out',
      'checkpoint_missing',
      () => ({ atSeq: 1 }),
      () => lines.filter((text) => !/"type":"(checkpoint|consistency_proof)"/.test(text)),
    ],
    ['nothing left', 'checkpoint_missing', atLine(() => 0), () => []],
  ]

  const MOVES: readonly Corruption[] = [
    [
      'two entries swapped',
      'number_not_next',
      atSeq(SEQ),
      () => {
        const at = entryAt(SEQ)
        return with_(at, lines[at + 1] ?? '', lines[at] ?? '').toSpliced(at + 2, 1)
      },
    ],
    [
      'two entries swapped with their numbers',
      'previous_hash_differs',
      atSeq(SEQ),
      () => {
        const at = entryAt(SEQ)
        const [one, two] = [lines[at] ?? '', lines[at + 1] ?? '']
        const second = changed(one, () => ({ seq: SEQ + 1 }))
        return with_(
          at,
          changed(two, () => ({ seq: SEQ })),
          second,
        ).toSpliced(at + 2, 1)
      },
    ],
    [
      'an entry twice',
      'number_not_next',
      () => ({ line: entryAt(SEQ) + 2, atSeq: SEQ + 1 }),
      () => with_(entryAt(SEQ), lines[entryAt(SEQ)] ?? '', lines[entryAt(SEQ)] ?? ''),
    ],
    [
      'two runs reordered',
      'digest_differs',
      atEnd,
      () => {
        const at = lineOf('run')
        return with_(at, lines[at + 1] ?? '', lines[at] ?? '').toSpliced(at + 2, 1)
      },
    ],
    [
      'the checkpoints moved behind the entries',
      'checkpoint_missing',
      () => ({ atSeq: 1 }),
      () => [lines[0] ?? '', ...lines.slice(4, -1), ...lines.slice(1, 4), lines.at(-1) ?? ''],
    ],
    [
      'the older checkpoint moved behind the entries',
      'line_out_of_order',
      () => ({ line: lines.length - 2, atSeq: entryCount() + 1 }),
      () =>
        with_(2)
          .toSpliced(2, 1)
          .toSpliced(-1, 0, lines[2] ?? ''),
    ],
    [
      'the ledger’s line twice',
      'line_out_of_order',
      atLine(() => 1),
      () => [lines[0] ?? '', ...lines],
    ],
    [
      'hours reordered',
      'hours_out_of_order',
      atLine(() => lineOf('bucket', 1)),
      () => {
        const at = lineOf('bucket')
        return with_(at, lines[at + 1] ?? '', lines[at] ?? '').toSpliced(at + 2, 1)
      },
    ],
  ]

  const CHECKPOINTS: readonly Corruption[] = [
    [
      'the size of the checkpoint altered',
      'checkpoint_signature_invalid',
      atLine(() => 1),
      () => altered(1, (line) => noteOf(line, /\n\d+\n/, '\n3\n')),
    ],
    [
      'the root of the checkpoint altered',
      'checkpoint_signature_invalid',
      atLine(() => 1),
      () => altered(1, (line) => noteOf(line, /\n.{43}=\n/, `\n${'A'.repeat(43)}=\n`)),
    ],
    [
      'the origin of the checkpoint altered',
      'checkpoint_not_signed',
      atLine(() => 1),
      () => altered(1, (line) => noteOf(line, '/1\n', '/2\n')),
    ],
    [
      'the checkpoint no checkpoint',
      'checkpoint_unreadable',
      atLine(() => 1),
      () => altered(1, (line) => noteOf(line, 'yiben.ledger', 'other.ledger')),
    ],
    [
      'the signature of the checkpoint flipped',
      'checkpoint_signature_invalid',
      atLine(() => 1),
      () => altered(1, (line) => noteOf(line, /(— \S+ .{20})(.)/, '$1/')),
    ],
    [
      'the suite of the checkpoint altered',
      'checkpoint_not_signed',
      atLine(() => 1),
      () => altered(1, () => ({ algorithm: 2 })),
    ],
    [
      'the checkpoint signed by another key',
      'checkpoint_not_signed',
      atLine(() => 1),
      () => THIEFS_HAND.checkpointed(lines),
    ],
    [
      'the ledger’s line of another ledger',
      'origin_differs',
      atLine(() => 1),
      () => altered(0, () => ({ origin: 'ff' })),
    ],
    [
      'the ledger’s line of another generation',
      'origin_differs',
      atLine(() => 1),
      () => altered(0, () => ({ generation: 2 })),
    ],
    [
      'an older checkpoint in place of the newest',
      'entries_beyond_checkpoint',
      () => ({ atSeq: Number(firstNote.split('\n')[1]) + 1 }),
      () => with_(1).toSpliced(2, 1),
    ],
    [
      'the proof of growth forged',
      'proof_forged',
      atLine(() => 3),
      () => altered(3, ({ proof }) => ({ proof: proof.map(flipped) })),
    ],
    [
      'the proof of growth cut',
      'proof_forged',
      atLine(() => 3),
      () => altered(3, ({ proof }) => ({ proof: proof.slice(1) })),
    ],
    [
      'the proof of growth between other sizes',
      'line_out_of_order',
      atLine(() => 3),
      () => altered(3, ({ from }) => ({ from: from - 1 })),
    ],
    [
      'the older checkpoint first',
      'line_out_of_order',
      atLine(() => 2),
      () => [lines[0] ?? '', lines[2] ?? '', lines[1] ?? '', ...lines.slice(3)],
    ],
  ]

  const FIGURES: readonly Corruption[] = [
    [
      'a figure of a bucket altered',
      'seal_differs',
      () => ({ line: lines.length }),
      () => altered(lineOf('bucket'), ({ figures }) => ({ figures: { ...figures, freeMs: '1' } })),
    ],
    [
      'a bucket of another version',
      'digest_differs',
      atEnd,
      () => altered(lineOf('bucket'), () => ({ version: 9 })),
    ],
    [
      'the end of a run altered',
      'digest_differs',
      atEnd,
      () => altered(lineOf('run'), () => ({ to: '2030-01-01T00:00:00.000Z' })),
    ],
    [
      'a deposit made up',
      'line_count_differs',
      () => ({ line: lines.length + 1 }),
      () =>
        with_(lineOf('deposit'), lines[lineOf('deposit')] ?? '', lines[lineOf('deposit')] ?? ''),
    ],
    [
      'a line of another kind put in',
      'line_count_differs',
      () => ({ line: lines.length + 1 }),
      () => with_(4, '{"type":"promise"}', lines[4] ?? ''),
    ],
    [
      'a line of no kind put in',
      'line_unreadable',
      atLine(() => 4),
      () => with_(4, '{"type":"Two words"}', lines[4] ?? ''),
    ],
    ['a line that is no JSON', 'line_unreadable', atLine(() => 4), () => with_(4, '{')],
    ['an empty line', 'line_unreadable', atLine(() => 4), () => with_(4, '', lines[4] ?? '')],
    [
      'garbage after the end',
      'line_after_end',
      () => ({ line: lines.length + 1 }),
      () => [...lines, 'x'],
    ],
    [
      'an entry after the end',
      'line_after_end',
      () => ({ line: lines.length + 1 }),
      () => [...lines, lines[entryAt(1)] ?? ''],
    ],
    [
      'the end twice',
      'line_after_end',
      () => ({ line: lines.length + 1 }),
      () => [...lines, lines.at(-1) ?? ''],
    ],
    [
      'the number of lines altered',
      'line_count_differs',
      atEnd,
      () => altered(lines.length - 1, (end) => ({ lines: end.lines + 1 })),
    ],
    [
      'the hash over the lines altered',
      'digest_differs',
      atEnd,
      () => altered(lines.length - 1, ({ sha256 }) => ({ sha256: flipped(sha256) })),
    ],
    [
      'the signature of the end taken away',
      'export_not_signed',
      atEnd,
      () => altered(lines.length - 1, () => ({ note: null })),
    ],
    [
      'the signature of the end flipped',
      'export_signature_invalid',
      atEnd,
      () => altered(lines.length - 1, (line) => noteOf(line, /(— \S+ .{20})(.)/, '$1/')),
    ],
    [
      'a run altered and the end hashed anew',
      'export_signature_invalid',
      atEnd,
      () => {
        const spoilt = altered(lineOf('run'), () => ({ state: 'faulty/lost' }))
        const end = JSON.parse(THIEFS_HAND.ended(spoilt).at(-1) ?? '{}')
        return [...spoilt.slice(0, -1), changed(lines.at(-1) ?? '', () => ({ sha256: end.sha256 }))]
      },
    ],
    [
      'a run altered and the end signed by another key',
      'export_not_signed',
      atEnd,
      () => THIEFS_HAND.ended(altered(lineOf('run'), () => ({ state: 'faulty/lost' }))),
    ],
  ]

  const REWRITES: readonly Corruption[] = [
    [
      'an entry altered, everything after it hashed anew',
      'root_differs',
      () => ({}),
      () =>
        THIEFS_HAND.rewritten(lines, (entry, seq) =>
          seq === SEQ ? { ...entry, atMs: 1 } : entry,
        ).map((text, index) => (index === 1 || index === 2 ? (lines[index] ?? '') : text)),
    ],
    [
      'all of it made anew and signed by another key',
      'checkpoint_not_signed',
      atLine(() => 1),
      () => THIEFS_HAND.rewritten(lines, (entry) => entry),
    ],
    [
      'an entry more than the checkpoint is over',
      'entries_beyond_checkpoint',
      () => ({ line: lines.length, atSeq: entryCount() + 1 }),
      () => {
        const last: Fields = JSON.parse(lines[entryAt(entryCount())] ?? '{}')
        const canonical = last.canonical.replace(`"seq":${last.seq},`, `"seq":${last.seq + 1},`)
        const more = {
          ...last,
          seq: last.seq + 1,
          canonical,
          previous_hash: last.hash,
          hash: linkHash(last.hash, Buffer.from(canonical)),
        }
        return [...lines.slice(0, -1), JSON.stringify(more), lines.at(-1) ?? '']
      },
    ],
    [
      'every entry of another generation',
      'opening_differs',
      atSeq(1),
      () =>
        THIEFS_HAND.rewritten(lines, (entry) => entry, 2).map((text, index) =>
          index === 1 || index === 2 ? (lines[index] ?? '') : text,
        ),
    ],
    [
      'the ledger’s own opening of another ledger',
      'opening_differs',
      atSeq(1),
      () =>
        THIEFS_HAND.rewritten(lines, (entry, seq) =>
          seq === 1 ? { ...entry, payload: { ...entry.payload, origin: 'ff' } } : entry,
        ).map((text, index) => (index === 1 || index === 2 ? (lines[index] ?? '') : text)),
    ],
  ]

  test.each([...ENTRY_FIELDS, ...CUTS, ...MOVES, ...CHECKPOINTS, ...FIGURES, ...REWRITES])(
    '%s: %s',
    async (_, fault, place, spoil) => {
      const spoilt = spoil()
      expect(textOf(spoilt)).not.toBe(textOf(lines))
      const text = spoilt.length === 0 ? '' : textOf(spoilt)
      expect(await verifyText(text)).toMatchObject({ status: 'broken', fault, ...place() })
    },
  )

  test.each([
    ['half a line at the end', (text: string) => text.slice(0, -20), 'line_unended'],
    ['no newline at the end', (text: string) => text.slice(0, -1), 'line_unended'],
    ['carriage returns', (text: string) => text.replaceAll('\n', '\r\n'), 'digest_differs'],
    ['a byte order mark', (text: string) => `\ufeff${text}`, 'line_unreadable'],
    ['a line without an end', () => 'x'.repeat(LINE_BYTES_MAX + 1), 'line_too_long'],
    ['bytes that are no text', (text: string) => Buffer.from(text, 'utf16le'), 'line_unreadable'],
  ])('%s', async (_, spoil, fault) => {
    expect(await verifyText(spoil(textOf(lines)))).toMatchObject({ status: 'broken', fault })
  })

  test.each([
    [
      'a checkpoint over more entries',
      'end_cut_off',
      () => OWN_HAND.checkpoint(firstNote, walkOf(999)),
    ],
    [
      'a checkpoint with another root',
      'seen_root_differs',
      () => OWN_HAND.checkpoint(firstNote, walkOf(3)),
    ],
    [
      'a checkpoint of another ledger',
      'seen_of_another_ledger',
      () => OWN_HAND.checkpoint(firstNote.replaceAll('0a', '0b'), walkOf(3)),
    ],
    [
      'a checkpoint of a later generation',
      'seen_of_another_ledger',
      () => OWN_HAND.checkpoint(firstNote.replace('/1\n', '/2\n'), walkOf(3)),
    ],
    [
      'a checkpoint of another key',
      'seen_not_signed',
      () => THIEFS_HAND.checkpoint(firstNote, walkOf(3)),
    ],
    ['no checkpoint', 'seen_unreadable', () => 'hello\n'],
  ])('%s seen before: %s', async (_, fault, seen) => {
    const question = { ...WITH_KEY, seen: seen() }
    expect(await verifyText(textOf(lines), question)).toMatchObject({ status: 'broken', fault })
  })

  test.each([
    ['past the end', 'end_cut_off', { seq: 9_999, hash: 'a'.repeat(64) }],
    ['with another hash', 'head_differs', { seq: 3, hash: 'a'.repeat(64) }],
  ])('an entry seen before %s: %s', async (_, fault, head) => {
    expect(await verifyText(textOf(lines), { ...WITH_KEY, head })).toMatchObject({ fault })
  })

  test('a cosignature that is asked for and does not verify', async () => {
    const witness = parseVerifierKey(WITNESS.verifierKey)
    const note = String(JSON.parse(lines[2] ?? '{}').note)
    const line = note.split('\n').findLast((text) => text.startsWith('— regulator')) ?? ''
    const spoilt = OWN_HAND.ended(
      altered(2, (fields) => noteOf(fields, line, line.replace(/(.{40})(.)/, '$1/'))),
    )
    expect(await verifyText(textOf(spoilt), { ...WITH_KEY, witness })).toMatchObject({
      fault: 'cosignature_invalid',
    })
  })

  test('what only the owner of the key could make verifies: the names above are not luck', async () => {
    const rewritten = OWN_HAND.rewritten(
      lines.filter((_, index) => index !== 2 && index !== 3),
      (entry, seq) => (seq === SEQ ? { ...entry, atMs: 1 } : entry),
    )
    expect((await verifyText(textOf(rewritten))).status).toBe('verified')
    expect(await verifyText(textOf(rewritten), { ...WITH_KEY, seen: firstNote })).toMatchObject({
      fault: 'seen_root_differs',
    })
  })

  test('any bit of any byte', async () => {
    const good = Buffer.from(textOf(lines))
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length * 8 - 1), async (bit) => {
        const bytes = Buffer.from(good)
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect((await verifyText(bytes)).status).toBe('broken')
      }),
      { numRuns: 300 },
    )
  })

  test('any lines cut out, doubled, moved or cut off', async () => {
    const place = fc.nat(lines.length - 1)
    const harm = fc.oneof(
      fc.record({ kind: fc.constantFrom('cut', 'double', 'cut_off'), place }),
      fc.record({ kind: fc.constant('move'), place, to: place }),
    )
    await fc.assert(
      fc.asyncProperty(harm, async (one) => {
        const spoilt = [...lines]
        const victim = lines[one.place] ?? ''
        if (one.kind === 'cut') spoilt.splice(one.place, 1)
        else if (one.kind === 'double') spoilt.splice(one.place, 0, victim)
        else if (one.kind === 'cut_off') spoilt.length = one.place
        else if ('to' in one) spoilt.splice(one.to, 0, ...spoilt.splice(one.place, 1))
        fc.pre(textOf(spoilt) !== textOf(lines))
        expect((await verifyText(textOf(spoilt))).status).toBe('broken')
      }),
      { numRuns: 200 },
    )
  })
})

describe('J4: the next generation of a ledger', () => {
  const KEPT = 5

  /** What a restore makes: the older entries, then an opening that names what was signed last. */
  function restored(opening: object): string[] {
    const last: Fields = JSON.parse(lines[entryAt(KEPT)] ?? '{}')
    const { payload } = JSON.parse(JSON.parse(lines[entryAt(1)] ?? '{}').canonical)
    const entry = numberEntry(last, 2 as LedgerGeneration, {
      kind: 'ledger_opened',
      atMs: START_MS,
      payload: { ...payload, generation: 2, ...opening },
    })
    const entries = lines.filter((text) => isEntry(text) && JSON.parse(text).seq <= KEPT)
    const opened = changed(lines[entryAt(1)] ?? '', () => ({
      seq: entry.seq,
      generation: 2,
      at_ms: START_MS,
      canonical: Buffer.from(entry.bytes).toString('utf8'),
      previous_hash: entry.previousHash,
      hash: entry.hash,
    }))
    const head = changed(lines[0] ?? '', () => ({ generation: 2, to: '2026-03-01T08:00:01.000Z' }))
    const note = firstNote.replace('/1\n', '/2\n')
    const checkpoint = changed(lines[1] ?? '', () => ({ note }))
    return OWN_HAND.ended(OWN_HAND.checkpointed([head, checkpoint, ...entries, opened]))
  }

  test('verifies as a log of its own, which an older checkpoint is part of', async () => {
    const text = textOf(restored({ previous_checkpoint: firstNote }))
    expect(await verifyText(text)).toMatchObject({
      status: 'verified',
      facts: { generation: 2, head: { seq: KEPT + 1 } },
    })
    const walk = new RootWalk(IDENTITY.algorithm)
    for (const line of lines.filter(isEntry).slice(0, 4)) {
      walk.addLeaf(Buffer.from(JSON.parse(line).canonical, 'utf8'))
    }
    const seen = OWN_HAND.checkpoint(firstNote, walk)
    expect((await verifyText(text, { ...WITH_KEY, seen })).status).toBe('verified')
    // What was signed of entries that the restore has lost is missed, not passed over.
    expect(await verifyText(text, { ...WITH_KEY, seen: firstNote })).toMatchObject({
      fault: 'end_cut_off',
    })
  })

  test.each([
    ['names no checkpoint', {}],
    ['names what is no checkpoint', { previous_checkpoint: 'hello' }],
    [
      'names one of another ledger',
      { previous_checkpoint: `yiben.ledger/ff/1\n1\n${'A'.repeat(43)}=\n\n— a AAAAAAA=\n` },
    ],
    ['is of another generation', { generation: 1 }],
  ])('that %s is none', async (_, opening) => {
    expect(await verifyText(textOf(restored(opening)))).toMatchObject({
      fault: 'opening_differs',
      atSeq: KEPT + 1,
    })
  })
})

describe('J15: the reader', () => {
  const FOLDER = join(import.meta.dirname, '../../../collector/src/journal')

  test('knows of the journal nothing but its format', () => {
    const readers = readdirSync(FOLDER).filter((name) => name.startsWith('verify'))
    expect(readers.length).toBeGreaterThan(5)
    for (const name of readers) {
      const text = readFileSync(join(FOLDER, name), 'utf8')
      const own = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path]) => path ?? '')
      const strange = own.filter((path) => !/^\.\/(verify|format)|^\.\.\/model\//.test(path))
      expect([name, strange]).toEqual([name, []])
    }
  })

  test('takes lines as long as the longest entry, and splits at newlines only', async () => {
    const separators = '\u2028\u2029\u0085\r'
    const spoilt = OWN_HAND.rewritten(
      lines.filter((_, index) => index !== 2 && index !== 3),
      (entry, seq) =>
        seq === SEQ ? { ...entry, payload: { text: separators + '"'.repeat(120_000) } } : entry,
    )
    expect((await verifyText(textOf(spoilt))).status).toBe('verified')
  })
})

function walkOf(size: number) {
  return { leafCount: size, root: () => new Uint8Array(32) } as Parameters<Forger['checkpoint']>[1]
}
