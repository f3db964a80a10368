/** J13: which witnesses are known, and what is shown of what they have signed. */
import { expect, test } from 'vitest'
import { ledgerSigner } from '../../../collector/src/journal/checkpoint.ts'
import { shownCheckpoints, witnessKeys } from '../../../collector/src/journal/cosigning.ts'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import type { StoredCosignature } from '../../../collector/src/model/journal-tree.ts'
import { IDENTITY } from './export-support.ts'
import { cosigned, type Witness, witnessOf } from './witness.ts'

const ONE = witnessOf('regulator.example/one', 5)
const TWO = witnessOf('regulator.example/two', 6)
const SIGNER = ledgerSigner({ origin: '0a', generation: 1 as LedgerGeneration }, IDENTITY)

const noteOf = (size: number) => SIGNER.sign(`${SIGNER.name}\n${size}\n${'A'.repeat(43)}=\n`)
const checkpoint = (size: number) => ({ size, root: '', note: noteOf(size), signedAtMs: 0 })

function line(witness: Witness, size: number, seconds = 1): StoredCosignature {
  return { witness: witness.name, size, seconds, note: cosigned(noteOf(size), witness, seconds) }
}

test('nothing signed, nothing shown', () => {
  const state = { size: 4, checkpoint: null, cosignatures: [] }
  expect(shownCheckpoints(state)).toEqual({ newest: null, cosigned: null })
})

test('a checkpoint is shown with the lines of all who signed that one, and of nobody else', () => {
  const state = {
    size: 9,
    checkpoint: checkpoint(9),
    cosignatures: [line(ONE, 9), line(TWO, 9, 7)],
  }
  const both = cosigned(cosigned(noteOf(9), ONE, 1), TWO, 7)
  expect(shownCheckpoints(state)).toEqual({ newest: both, cosigned: both })
  const older = { ...state, cosignatures: [line(ONE, 8), line(TWO, 7)] }
  expect(shownCheckpoints(older)).toEqual({
    newest: noteOf(9),
    cosigned: cosigned(noteOf(8), ONE, 1),
  })
})

test('witnesses are configured by their verifier keys', () => {
  const keys = witnessKeys([ONE.verifierKey, TWO.verifierKey])
  expect(keys.map(({ name, kind }) => [name, kind])).toEqual([
    [ONE.name, 'cosignature'],
    [TWO.name, 'cosignature'],
  ])
})

test.each([['garbage'], [SIGNER.verifierKey], [ONE.verifierKey.slice(0, -4)]])(
  '%s is no witness, and stops the start by the name of the option',
  (text) => {
    expect(() => witnessKeys([ONE.verifierKey, text])).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.stringContaining('journal.witnesses'),
      }),
    )
  },
)
