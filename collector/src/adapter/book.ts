/** All files that are remembered: records as they are on disk, and what they were last journaled as. */
import { createHash } from 'node:crypto'
import { canonicalText } from '../journal/canonical.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import type { Store } from '../storage/store.ts'
import type { AdapterFolder, Keys } from './folder.ts'
import type { SequenceMark } from './naming.ts'
import { EVENT_KINDS, type FileRecord } from './record.ts'

/** Names an event of a file among all that was ever given out. */
const EVENT_LABEL = 'yiben adapter file event v1'

export class FileBook {
  readonly #folder: AdapterFolder
  readonly #records: Map<number, FileRecord>

  /** Sweeps what a killed process has left. */
  constructor(folder: AdapterFolder) {
    folder.open()
    const records = folder.records()
    folder.sweep(records)
    this.#folder = folder
    this.#records = new Map(records.map((record) => [record.number, record]))
  }

  /** In the order of their numbers. */
  all(): readonly FileRecord[] {
    return [...this.#records.values()]
  }

  find(number: number): FileRecord | null {
    return this.#records.get(number) ?? null
  }

  last(): (FileRecord & SequenceMark) | null {
    return this.all().at(-1) ?? null
  }

  /** `false`: somebody else has made a file of this number. */
  add(record: FileRecord, bytes: Uint8Array, keys: Keys): boolean {
    if (!this.#folder.create(record, bytes, keys)) return false
    this.#records.set(record.number, record)
    return true
  }

  save(record: FileRecord): void {
    if (record === this.#records.get(record.number)) return
    this.#folder.save(record)
    this.#records.set(record.number, record)
  }

  remove(record: FileRecord): void {
    this.#folder.remove(record)
    this.#records.delete(record.number)
  }

  /** Tells the journal what it has not been told; each thing once, killed wherever. */
  async journal(record: FileRecord, store: Pick<Store, 'keepStatement'>): Promise<boolean> {
    let hasTold = false
    for (let index = record.journaled; index < record.events.length; index += 1) {
      const entry = entryOf(record, index)
      if (entry !== null) {
        const identity = [EVENT_LABEL, record.number, record.sha256, index]
        const sha256 = createHash('sha256').update(canonicalText(identity)).digest('hex')
        await store.keepStatement({ sha256, issuedAtMs: entry.atMs, outbox: [entry] })
        hasTold = true
      }
    }
    this.save(
      hasTold || record.journaled < record.events.length
        ? { ...record, journaled: record.events.length }
        : record,
    )
    return hasTold
  }
}

function entryOf(record: FileRecord, index: number): OutboxEntry | null {
  const event = record.events[index]
  const kind = EVENT_KINDS.find((one) => one === event?.kind)
  if (event === undefined || kind === undefined) return null
  const { name, number, sha256, use } = record
  return { kind, atMs: event.atMs, payload: { number, name, use, sha256, ...event.facts } }
}
