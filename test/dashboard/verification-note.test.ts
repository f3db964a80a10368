/** Checkpoints as the browser reads them, by what the ledger's own signers and others have signed. */
import { ALGORITHM_ED25519, ALGORITHM_SM2, keyPairFromSeed } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import {
  checkSignature,
  readCheckpoint,
  signsWithSm2,
} from '../../collector/dashboard/src/pages/verification-note.ts'
import { checkpointText } from '../../collector/src/journal/checkpoint.ts'
import { noteSigner } from '../../collector/src/journal/note.ts'
import { cosigned, witnessOf } from '../collector/journal/witness.ts'

const ORIGIN = 'yiben.ledger/5a4d1cfb08b5b52c57a39806dc840fcf/1'
const ROOT = Buffer.alloc(32, 7)
const seed = Buffer.alloc(32, 1)
const signer = noteSigner(ORIGIN, keyPairFromSeed(ALGORITHM_ED25519, seed))
const note = signer.sign(checkpointText({ origin: ORIGIN, size: 532, root: ROOT }))

async function check(text: string, key: string): Promise<string> {
  const read = readCheckpoint(text)
  return read === null ? 'unreadable' : await checkSignature(read, key)
}

test('a checkpoint is read as it was written', () => {
  expect(readCheckpoint(note)).toMatchObject({
    origin: ORIGIN,
    size: 532,
    root: ROOT.toString('hex'),
    signatures: [{ name: ORIGIN }],
  })
})

describe('the ledger’s signature', () => {
  const other = noteSigner(ORIGIN, keyPairFromSeed(ALGORITHM_ED25519, Buffer.alloc(32, 2)))
  test.each([
    ['as it is', note, signer.verifierKey, 'valid'],
    ['spaces around the key', note, ` ${signer.verifierKey}\n`, 'valid'],
    ['another size', note.replace('\n532\n', '\n533\n'), signer.verifierKey, 'invalid'],
    ['another key', note, other.verifierKey, 'absent'],
    ['an id that does not fit', note, signer.verifierKey.replace(/\+./, '+g'), 'key_unreadable'],
    ['no key', note, 'yiben', 'key_unreadable'],
    ['a fourth line', note.replace('\n\n', '\nmore\n\n'), signer.verifierKey, 'unreadable'],
    ['no number', note.replace('532', '0532'), signer.verifierKey, 'unreadable'],
    ['a cut note', note.slice(0, -1), signer.verifierKey, 'unreadable'],
    ['nothing', '', signer.verifierKey, 'unreadable'],
  ])('%s', async (_, text, key, verdict) => {
    expect(await check(text, key)).toBe(verdict)
  })

  test('one of SM2 is recognised and left to other tools', async () => {
    const keys = keyPairFromSeed(ALGORITHM_SM2, seed)
    const sm2 = noteSigner(ORIGIN, keys)
    const signed = sm2.sign(checkpointText({ origin: ORIGIN, size: 1, root: ROOT }))
    expect(await check(signed, sm2.verifierKey)).toBe('beyond_browser')
    expect(signsWithSm2(sm2.verifierKey)).toBe(true)
    expect(signsWithSm2(signer.verifierKey)).toBe(false)
  })
})

test('a witness’s line is checked with the witness’s key, over its time', async () => {
  const witness = witnessOf('witness.example', 3)
  const signed = cosigned(note, witness, 1_795_801_659)
  expect(await check(signed, witness.verifierKey)).toBe('valid')
  expect(await check(signed, signer.verifierKey)).toBe('valid')
  expect(await check(signed.replace('\n532\n', '\n533\n'), witness.verifierKey)).toBe('invalid')
})
