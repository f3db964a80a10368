/** Leases of an agent in memory: what it keeps outlives it, what it shows is seen. */
import type { AgentOptions } from '../../agent/src/agent-options.ts'
import type { AgentConfig } from '../../agent/src/config.ts'
import type { LeaseStore } from '../../agent/src/leases/node-leases.ts'
import type { LeaseOnNode } from '../../agent/src/leases/show-leases.ts'
import type { StateDir } from '../../agent/src/state-dir.ts'
import { COLLECTOR_KEYS } from './fake-collector.ts'

export const HANDOVER_BY_HAND: AgentConfig['handover'] = {
  kind: 'manual',
  isFenced: false,
  endpoint: null,
  queue: null,
  command: null,
}

export class MemoryLeases implements LeaseStore {
  text: string | null = null
  shown: readonly LeaseOnNode[] = []
  /** Thrown by the next saves, as a full disk would. */
  failure: Error | null = null
  saves = 0

  load(): string | null {
    return this.text
  }

  save(text: string): void {
    if (this.failure !== null) throw this.failure
    this.saves += 1
    this.text = text
  }

  show(leases: readonly LeaseOnNode[]): void {
    this.shown = leases
  }
}

/** Leases of a node whose disk outlives its agent. */
export function leasesIn(state: StateDir, collectorKey: string): AgentOptions['leases'] {
  const store: LeaseStore = {
    load: () => state.readLeases(),
    save: (text) => state.writeLeases(text),
    show: () => {},
  }
  return { store, collectorKey, script: null }
}

export function memoryLeases(store: MemoryLeases = new MemoryLeases()): AgentOptions['leases'] {
  return { store, collectorKey: COLLECTOR_KEYS.publicKey, script: null }
}
