/**
 * Signed notes and checkpoints, by vectors of others: golang.org/x/mod/sumdb/note (note_test.go),
 * the examples of C2SP signed-note, and a checkpoint of a public log that public witnesses signed.
 */
import {
  ALGORITHM_ED25519,
  ALGORITHM_SM2,
  type KeyPair,
  keyPairFromSeed,
  sign,
} from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkpointText,
  ledgerSigner,
  logOrigin,
} from '../../../collector/src/journal/checkpoint.ts'
import { noteSigner, withLines } from '../../../collector/src/journal/note.ts'
import { parseCheckpoint, parseOrigin } from '../../../collector/src/journal/verify-checkpoint.ts'
import {
  checkSignature,
  cosignaturesIn,
  namedKey,
  parseNote,
  parseVerifierKey,
  type VerifierKey,
} from '../../../collector/src/journal/verify-note.ts'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import { cosigned, witnessOf } from './witness.ts'

const PETER_SECRET = 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'
const PETER_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const ENOCH_KEY = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop'
const TEXT =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n"
const PETER_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'
const ENOCH_LINE =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n'

function keyOf(text: string): VerifierKey {
  const key = parseVerifierKey(text)
  if (key === null) throw new Error(`no key: ${text}`)
  return key
}

function check(note: string, key: string): string {
  const parsed = parseNote(note)
  return parsed === null ? 'no note' : checkSignature(parsed, keyOf(key))
}

describe('notes of golang.org/x/mod', () => {
  const seed = Buffer.from(PETER_SECRET, 'base64').subarray(1)
  const signer = noteSigner('PeterNeumann', keyPairFromSeed(ALGORITHM_ED25519, seed))

  test('what is signed there is what is signed here, byte for byte', () => {
    expect(signer.sign(TEXT)).toBe(`${TEXT}\n${PETER_LINE}`)
    expect(signer.verifierKey).toBe(PETER_KEY)
  })

  test.each([
    ['one signature', `${TEXT}\n${PETER_LINE}`, 'valid', 'absent'],
    ['two', `${TEXT}\n${PETER_LINE}${ENOCH_LINE}`, 'valid', 'valid'],
    ['the other only', `${TEXT}\n${ENOCH_LINE}`, 'absent', 'valid'],
    [
      'one of them spoilt',
      `${TEXT}\n${PETER_LINE}${ENOCH_LINE.replace('HzE', 'HzF')}`,
      'valid',
      'valid',
    ],
    ['another text', `${TEXT.replace('If', 'if')}\n${PETER_LINE}`, 'invalid', 'absent'],
    ['another id', `${TEXT}\n${PETER_LINE.replace('x08g', 'xxxx')}`, 'absent', 'absent'],
    ['another name', `${TEXT}\n${PETER_LINE.replace('Neumann', 'Sandiego')}`, 'absent', 'absent'],
    ['one right and one wrong', `${TEXT}\n${PETER_LINE}${spoilt(PETER_LINE)}`, 'invalid', 'absent'],
  ])('%s', (_, note, peter, enoch) => {
    expect([check(note, PETER_KEY), check(note, ENOCH_KEY)]).toEqual([peter, enoch])
  })

  test.each([
    ['no signature', TEXT],
    ['an empty line and no signature', `${TEXT}\n`],
    ['an unended line', `${TEXT}\n${PETER_LINE.slice(0, -1)}`],
    ['a control character', `\u0001${TEXT}\n${PETER_LINE}`],
    ['a carriage return', `${TEXT.replace('\n', '\r\n')}\n${PETER_LINE}`],
    ['a lone surrogate', `\ud800${TEXT}\n${PETER_LINE}`],
    ['a name with a space', `${TEXT}\n${PETER_LINE.replace('PeterNeumann', 'Bad Name')}`],
    ['a name with a plus', `${TEXT}\n${PETER_LINE.replace('PeterNeumann', 'a+b')}`],
    ['a name with a space of another script', `${TEXT}\n${PETER_LINE.replace('rN', 'r\u3000N')}`],
    ['no name', `${TEXT}\n${PETER_LINE.replace('PeterNeumann', '')}`],
    ['another dash', `${TEXT}\n${PETER_LINE.replace('—', '-')}`],
    ['a line too many', `${TEXT}\n${PETER_LINE}Unexpected line.\n`],
    ['base64 of another kind', `${TEXT}\n${PETER_LINE.replace('x08go/', 'x08go_')}`],
    ['base64 not in its own form', `${TEXT}\n${PETER_LINE.replace('nAM=', 'nAN=')}`],
    ['a signature of nothing', `${TEXT}\n— PeterNeumann x08gow==\n`],
    ['no text', `\n${PETER_LINE}`],
    ['more signatures than anybody makes', `${TEXT}\n${PETER_LINE.repeat(101)}`],
    ['nothing', ''],
  ])('%s is no note', (_, note) => {
    expect(parseNote(note)).toBeNull()
  })

  test('a text may hold empty lines: the last one ends it', () => {
    const text = 'one\n\ntwo\n'
    const note = parseNote(signer.sign(text))
    expect(note?.text).toBe(text)
    expect(note === null ? '' : checkSignature(note, keyOf(PETER_KEY))).toBe('valid')
  })

  test('a hundred signatures of others are taken', () => {
    expect(check(`${TEXT}\n${ENOCH_LINE.repeat(99)}${PETER_LINE}`, PETER_KEY)).toBe('valid')
  })
})

describe('verifier keys', () => {
  test.each([
    ['example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k', 'note'],
    ['remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2', 'cosignature'],
    [PETER_KEY, 'note'],
  ])('%s', (text, kind) => {
    expect(keyOf(text).kind).toBe(kind)
  })

  test.each([
    [
      'a key too long',
      'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
    ],
    ['an unknown algorithm', 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['two parts', 'bananas.sigstore.dev+12344556'],
    ['no base64', 'rekor.sigstore.dev+12345678+THIS_IS_NOT_BASE64!'],
    ['no id', 'rekor.sigstore.dev+NOT_A_NUMBER+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['another id', PETER_KEY.replace('c74f20a3', '00000000')],
    ['upper case', PETER_KEY.replace('c74f20a3', 'C74F20A3')],
    ['a space', PETER_KEY.replace('rN', 'r N')],
    ['nothing', ''],
  ])('%s is none', (_, text) => {
    expect(parseVerifierKey(text)).toBeNull()
  })

  test('any part of one, and one with any character changed, is none', () => {
    for (let from = 0; from < PETER_KEY.length; from += 1) {
      for (let to = from + 1; to <= PETER_KEY.length; to += 1) {
        if (from === 0 && to === PETER_KEY.length) continue
        expect(parseVerifierKey(PETER_KEY.slice(from, to))).toBeNull()
      }
      const changed = String.fromCharCode(PETER_KEY.charCodeAt(from) + 1)
      const key = PETER_KEY.slice(0, from) + changed + PETER_KEY.slice(from + 1)
      expect(parseVerifierKey(key)).toBeNull()
    }
  })

  test('a bare public key gets the name that a note gives it', () => {
    const { name, algorithm, publicKey } = keyOf(PETER_KEY)
    expect(namedKey(name, algorithm, publicKey)).toEqual(keyOf(PETER_KEY))
    expect(namedKey(name, algorithm, publicKey.slice(2))).toBeNull()
    expect(namedKey(name, 9, publicKey)).toBeNull()
  })
})

describe('a checkpoint of a public log with its witnesses', () => {
  const NOTE = `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
`
  const KEYS = [
    'arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f',
    'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
    'transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM',
    'witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO',
    'witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv',
  ]

  test.each(KEYS)('%s has signed it', (key) => {
    expect(check(NOTE, key)).toBe('valid')
  })

  test.each([
    ['another size', '1432088532', '1432088531'],
    ['another root', 'U7WM', 'U7WN'],
    ['another origin', 'arche2025h1.staging', 'arche2025h2.staging'],
    ['a line more', '4Ro=\n', '4Ro=\nmore\n'],
  ])('%s is signed by none of them', (_, from, to) => {
    for (const key of KEYS) expect(check(NOTE.replace(from, to), key)).toBe('invalid')
  })

  test('another time of a witness is not what it signed', () => {
    expect(check(NOTE.replace('2net5wAAAABqEiEg', '2net5wAAAABqEiEh'), KEYS[1] ?? '')).toBe(
      'invalid',
    )
  })

  test('its lines say who signed when, known or not', () => {
    const note = parseNote(NOTE)
    const lines = note === null ? [] : cosignaturesIn(note)
    expect(lines.map(({ name, keyId }) => `${name}+${keyId}`)).toEqual(
      KEYS.slice(1)
        .map((key) => key.split('+').slice(0, 2).join('+'))
        .sort((left, right) => NOTE.indexOf(nameOf(left)) - NOTE.indexOf(nameOf(right))),
    )
    expect(new Set(lines.map(({ seconds }) => seconds))).toEqual(new Set([0x6a122120]))
    expect(parseCheckpoint(note?.text ?? '')).toMatchObject({ size: 1_432_088_532, extensions: [] })
  })
})

describe('J6: our checkpoints', () => {
  const ledger = { origin: '0a'.repeat(16), generation: 3 as LedgerGeneration }
  const keys = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(7))
  const root = new Uint8Array(32).fill(9)
  const text = checkpointText({ origin: logOrigin(ledger), size: 12, root })

  test('are three lines that name ledger, generation, size and root', () => {
    expect(text).toBe(
      `yiben.ledger/${'0a'.repeat(16)}/3\n12\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n`,
    )
    expect(parseCheckpoint(text)).toEqual({
      origin: logOrigin(ledger),
      size: 12,
      root,
      extensions: [],
    })
    expect(parseOrigin(logOrigin(ledger))).toEqual({ ledger: ledger.origin, generation: 3 })
  })

  test.each([
    ['Ed25519', keys],
    ['SM2', keyPairFromSeed(ALGORITHM_SM2, new Uint8Array(32).fill(7))],
  ])('signed with %s are read with the verifier key', (_, pair: KeyPair) => {
    const signer = ledgerSigner(ledger, pair)
    const key = keyOf(signer.verifierKey)
    expect(key).toMatchObject({ name: logOrigin(ledger), algorithm: pair.algorithm })
    expect(check(signer.sign(text), signer.verifierKey)).toBe('valid')
    expect(check(signer.sign(text).replace('\n12\n', '\n13\n'), signer.verifierKey)).toBe('invalid')
    expect(namedKey(key.name, pair.algorithm, pair.publicKey)).toEqual(key)
  })

  test('of another generation are of another key', () => {
    const next = ledgerSigner({ ...ledger, generation: 4 as LedgerGeneration }, keys)
    expect(check(ledgerSigner(ledger, keys).sign(text), next.verifierKey)).toBe('absent')
  })

  test('take the lines of witnesses, each once', () => {
    const signer = ledgerSigner(ledger, keys)
    const witness = witnessOf('regulator.example/w1', 5)
    const note = cosigned(signer.sign(text), witness, 1_700_000_000)
    expect(check(note, witness.verifierKey)).toBe('valid')
    expect(check(note, signer.verifierKey)).toBe('valid')
    const [line = ''] = note.split('\n').slice(-2)
    expect(withLines(note, [`${line}\n`, `${line}\n`])).toBe(note)
    expect(withLines(signer.sign(text), [`${line}\n`, `${line}\n`])).toBe(note)
    const plain = sign(witness.keys, Buffer.from(text))
    const lie = note.replace(line, lineOf(witness.verifierKey, plain))
    expect(check(lie, witness.verifierKey)).toBe('invalid')
  })

  test.each([
    ['an empty origin', '\n1\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n'],
    ['a leading zero', text.replace('12', '012')],
    ['a sign', text.replace('12', '+12')],
    ['a size past all numbers', text.replace('12', '9007199254740993')],
    ['a short root', text.replace('CQkJ', '')],
    ['a root in hex', text.replace(/CQ.*/, '09'.repeat(32))],
    ['two lines', text.split('\n').slice(0, 2).join('\n')],
    ['no end', text.slice(0, -1)],
    ['an empty extension', `${text}\nmore\n`],
  ])('%s is none', (_, spoilt) => {
    expect(parseCheckpoint(spoilt)).toBeNull()
  })

  test('with extension lines of others are read', () => {
    expect(parseCheckpoint(`${text}one\ntwo\n`)?.extensions).toEqual(['one', 'two'])
  })

  test.each([
    'yiben.ledger/0a/0',
    'yiben.ledger/0a/01',
    'yiben.ledger/0A/1',
    'yiben.ledger//1',
    'yiben.ledger/0a/1/2',
    'other/0a/1',
    '',
  ])('%s is no origin of ours', (origin) => {
    expect(parseOrigin(origin)).toBeNull()
  })

  test('any character changed: not what was signed', () => {
    const signer = ledgerSigner(ledger, keys)
    const note = signer.sign(text)
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, by) => {
        fc.pre(note[at] !== by)
        const verdict = check(note.slice(0, at) + by + note.slice(at + 1), signer.verifierKey)
        expect(verdict).not.toBe('valid')
      }),
      { numRuns: 1_000 },
    )
  })

  test('a text that no note may have is a bug to sign', () => {
    const signer = ledgerSigner(ledger, keys)
    for (const wrong of ['no end', 'tab\tbed\n', '\ud800\n', '']) {
      expect(() => signer.sign(wrong)).toThrow('lines of text')
    }
    expect(() => noteSigner('a b', keys)).toThrow('no space')
  })
})

/** Another signature byte, in base64 that is still canonical. */
function spoilt(line: string): string {
  return line.replace('ZJkuBS', 'ZJkuBT')
}

function nameOf(key: string): string {
  return `— ${key.split('+')[0]} `
}

function lineOf(verifierKey: string, signature: Uint8Array): string {
  const [name = '', keyId = ''] = verifierKey.split('+')
  const bytes = Buffer.concat([Buffer.from(keyId, 'hex'), new Uint8Array(8), signature])
  return `— ${name} ${bytes.toString('base64')}`
}
