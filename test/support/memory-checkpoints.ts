/** What was signed last, kept in memory: outlives a collector that is killed, and counts. */
import type { CheckpointMemory } from '../../collector/src/journal/notary.ts'

export class MemoryCheckpoints implements CheckpointMemory {
  note: string | null = null
  readonly remembered: string[] = []

  read(): string | null {
    return this.note
  }

  remember(note: string): void {
    this.note = note
    this.remembered.push(note)
  }
}
