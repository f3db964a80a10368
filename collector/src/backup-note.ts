/**
 * When the ledger of a folder was last backed up, in a small file beside it: written by `backup`,
 * shown by the serving process. It says what this program did; whether the copy is still where it was
 * put, and can be read, only a restore shows.
 */
import { join } from 'node:path'
import { parseJson, readIfThere, writeWhole } from '@yiben/shared'
import { z } from 'zod'

const BACKUP_FILE = 'backup.json'

const schema = z.object({
  /** Of the ledger that was copied: a restored one has no backup yet. */
  generation: z.number().int(),
  /** When the copy was begun: what came later is not in it. */
  at_ms: z.number().int(),
  bytes: z.number().int(),
})

export interface BackupNote {
  readonly generation: number
  readonly atMs: number
  readonly bytes: number
}

/** Durable when it returns. Throws `disk_full` or `disk_failed`. */
export function noteBackup(dataDir: string, { atMs, bytes, generation }: BackupNote): void {
  const note = { generation, at_ms: atMs, bytes } satisfies z.input<typeof schema>
  writeWhole(join(dataDir, BACKUP_FILE), `${JSON.stringify(note)}\n`)
}

/** `null` where there is none that can be read. */
export function readBackupNote(dataDir: string): BackupNote | null {
  const text = readIfThere(join(dataDir, BACKUP_FILE))
  const parsed = schema.safeParse(text === null ? null : parseJson(text))
  if (!parsed.success) return null
  const { at_ms: atMs, bytes, generation } = parsed.data
  return { generation, atMs, bytes }
}
