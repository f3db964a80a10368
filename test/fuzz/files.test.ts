/** Files that come from elsewhere: exports and notes to verify, bundles, backups. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '@yiben/shared'
import { expect, test } from 'vitest'
import { readBundle } from '../../collector/src/bundle/read.ts'
import { BundleWriter } from '../../collector/src/bundle/write.ts'
import { verifyExport } from '../../collector/src/journal/verify-export.ts'
import { parseNote } from '../../collector/src/journal/verify-note.ts'
import { ApiRig } from '../collector/api/api-rig.ts'
import { HOUR, START_MS } from '../collector/bank/ledger-rig.ts'
import { RestoreRig } from '../collector/cli/restore-rig.ts'
import {
  exportOf,
  folderOf,
  IDENTITY,
  textOf,
  WITH_KEY,
} from '../collector/journal/export-support.ts'
import { tempDir } from '../support/temp-dir.ts'
import { fuzz } from './fuzzer.ts'

/** A short life of a ledger: what it exports, and its checkpoint. */
async function lived(): Promise<{ exported: string; note: string }> {
  const api = await ApiRig.start()
  const node = await api.rig.admit(1, [{}])
  await api.rig.policy(node)
  await api.rig.live(node, [
    ['free/proven', 2_700],
    ['busy/active', 1_800],
  ])
  api.rig.clock.advance(4 * HOUR)
  await api.settle()
  const { note } = (await api.get('/v1/journal/checkpoint')).body
  const { lines } = await exportOf(await folderOf(api.rig), api.rig)
  await api.close()
  return { exported: textOf(lines), note }
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  // In pieces that cut lines and characters anywhere.
  for (let from = 0; from < bytes.length; from += 777) yield bytes.subarray(from, from + 777)
}

test('exports: whatever was done to one, it is not verified, and the place is told', async () => {
  const original = Buffer.from((await lived()).exported)
  await fuzz({
    name: 'exports',
    seeds: [original],
    bytesMax: 64 * 1024,
    rounds: 400,
    run: async (bytes) => {
      const verdict = await verifyExport(chunksOf(bytes), WITH_KEY)
      if (verdict.status === 'verified') expect(original.equals(bytes)).toBe(true)
      else expect(verdict.line).toBeGreaterThan(0)
    },
  })
})

test('bundles: none that was changed is taken, and none is read past its end', async () => {
  const folder = tempDir()
  const [made, changed] = [join(folder, 'made'), join(folder, 'changed')]
  const writer = await BundleWriter.create(made, {
    format: 1,
    origin: IDENTITY.publicKey,
    algorithm: IDENTITY.algorithm,
    name: '甲地',
    generation: 1,
    parent: null,
    number: 1,
    previous: null,
    full: true,
    after: { collectors: 0, facts: 0, hours: 0 },
    written_at_ms: START_MS,
    program_version: '0.1.0',
  })
  await writer.add([new Uint8Array(40).fill(1), new Uint8Array(900).fill(2)])
  await writer.finish(IDENTITY)
  const original = readFileSync(made)
  await fuzz({
    name: 'bundles',
    seeds: [original],
    rounds: 150,
    run: async (bytes) => {
      writeFileSync(changed, bytes)
      const result = await readBundle(changed)
      if (result.status === 'refused') expect(result.sentence).not.toBe('')
      else {
        for await (const page of result.bundle.pages(2)) expect(page.length).toBeGreaterThan(0)
        await result.bundle.close()
        // Another key may have signed other bytes; ours has signed these.
        if (result.bundle.header.origin === IDENTITY.publicKey) {
          expect(original.equals(bytes)).toBe(true)
        }
      }
    },
  })
})

test('notes', async () => {
  await fuzz({
    name: 'notes',
    seeds: [Buffer.from((await lived()).note)],
    rounds: 1_000,
    run: (bytes) => {
      parseNote(Buffer.from(bytes).toString('utf8'))
    },
  })
})

test('backups: what is broken is refused with a sentence, and nothing is changed by it', async () => {
  const rig = await RestoreRig.lived()
  const backup = readFileSync(await rig.backUp())
  const template = join(tempDir(), 'template')
  const broken = join(tempDir(), 'broken.sqlite')
  cpSync(rig.folder, template, { recursive: true })
  const ledger = readFileSync(rig.path)
  await fuzz({
    name: 'backups',
    seeds: [backup],
    bytesMax: 4 * 1024 * 1024,
    rounds: 25,
    run: async (bytes) => {
      writeFileSync(broken, bytes)
      try {
        await rig.restore({ replace: true }, broken)
      } catch (error) {
        if (!(error instanceof AppError) || error.message === '') throw error
        expect(readFileSync(rig.path).equals(ledger)).toBe(true)
        return
      }
      // Changed where nothing is kept, or where no entry stands for it: the next begins anew.
      rmSync(rig.folder, { recursive: true })
      cpSync(template, rig.folder, { recursive: true })
    },
  })
})
