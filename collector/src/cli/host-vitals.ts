/**
 * What the machine tells of the collector's folder: space, the size of the ledger and of its log,
 * the last backup, the end of the certificate. What cannot be read is left out.
 */
import { stat, statfs } from 'node:fs/promises'
import type { Vital } from '../api/context.ts'
import { readBackupNote } from '../backup-note.ts'
import { ledgerFiles } from '../storage/open.ts'
import { gauge, known } from './vital.ts'

const SECOND_MS = 1_000

export interface HostVitalsParts {
  readonly dataDir: string
  readonly generation: number
  /** The ledger is a file of the folder; left out: it is. What is there of one that has moved is none. */
  readonly isLedgerHere?: boolean
  /** What is shown now, asked at each scrape; `null` without TLS. */
  readonly certificates: () => {
    readonly endMs: number
    /** Of the authority, where it is known. */
    readonly authorityEndMs: number | null
    /** Of the first list of certificates of clients that is too old then, where there are any. */
    readonly listEndMs: number | null
  } | null
}

export async function hostVitals(parts: HostVitalsParts): Promise<readonly Vital[]> {
  const { dataDir, isLedgerHere = true } = parts
  const shown = parts.certificates()
  const { ledger, log } = ledgerFiles(dataDir)
  const [disk, ledgerBytes, logBytes] = await Promise.all([
    spaceOf(dataDir),
    isLedgerHere ? bytesOf(ledger) : null,
    isLedgerHere ? bytesOf(log) : null,
  ])
  return [
    ...(disk === null
      ? []
      : [
          gauge('disk_free_bytes', 'space left for the ledger on its file system', disk.freeBytes),
          gauge('disk_size_bytes', 'size of the file system of the ledger', disk.sizeBytes),
        ]),
    ...known(ledgerBytes, (bytes) => gauge('ledger_file_bytes', 'size of the ledger', bytes)),
    ...known(logBytes, (bytes) =>
      gauge('ledger_wal_bytes', 'size of the write-ahead log of the ledger', bytes),
    ),
    ...(isLedgerHere ? backupVitals(parts) : []),
    ...known(shown?.endMs ?? null, (endMs) =>
      gauge(
        'tls_certificate_end_timestamp_seconds',
        'when the certificate that is shown stops being valid, since 1970',
        endMs / SECOND_MS,
      ),
    ),
    ...known(shown?.authorityEndMs ?? null, (endMs) =>
      gauge(
        'tls_authority_end_timestamp_seconds',
        'when the authority of the certificate that is shown stops being valid, since 1970',
        endMs / SECOND_MS,
      ),
    ),
    ...known(shown?.listEndMs ?? null, (endMs) =>
      gauge(
        'tls_client_crl_end_timestamp_seconds',
        'when a list of revoked certificates of clients is too old, since 1970',
        endMs / SECOND_MS,
      ),
    ),
  ]
}

/** A ledger that was restored since has none. */
function backupVitals({ dataDir, generation }: HostVitalsParts): readonly Vital[] {
  const note = readBackupNote(dataDir)
  if (note === null || note.generation !== generation) return []
  return [
    gauge(
      'backup_timestamp_seconds',
      'when the last backup of this ledger was begun, since 1970',
      note.atMs / SECOND_MS,
    ),
    gauge('backup_bytes', 'size of the last backup', note.bytes),
  ]
}

async function spaceOf(folder: string) {
  try {
    const { bavail, blocks, bsize } = await statfs(folder)
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize }
  } catch {
    return null
  }
}

async function bytesOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch {
    return null
  }
}
