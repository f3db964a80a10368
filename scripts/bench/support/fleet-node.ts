/** One node of a fleet that is made of many in a process: real key, real link, real frames, made-up time. */
import {
  ALGORITHM_ED25519,
  encodeRecord,
  type KeyPair,
  keyPairFromSeed,
  Link,
  type LinkOwner,
  type PublicIdentity,
  type SpoolEntry,
  silentLogger,
  type World,
} from '@yiben/shared'
import { Activity, factsRecord, MINUTE_MS } from './activity.ts'
import { FleetSpool } from './fleet-spool.ts'

const SEED_BYTES = 32

/** Known to whoever enrolls it and to whoever runs it. */
export function fleetKeys(number: number): KeyPair {
  const seed = Buffer.alloc(SEED_BYTES, 0x5a)
  seed.writeUInt32BE(number, 0)
  return keyPairFromSeed(ALGORITHM_ED25519, seed)
}

export interface FleetPlace {
  /** As `linkUrlOf` makes it. */
  readonly url: string
  /** PEM; `null` without TLS. */
  readonly ca: string | null
  readonly collector: PublicIdentity
}

export interface FleetNodeOptions extends FleetPlace {
  readonly world: World
  readonly number: number
  readonly owner: Pick<LinkOwner, 'onWelcome' | 'onRefused'>
  readonly onAcked: (waitedMs: number) => void
}

export class FleetNode {
  readonly spool: FleetSpool
  readonly link: Link
  readonly #number: number
  #activity: Activity | null = null

  constructor({ world, number, url, ca, collector, owner, onAcked }: FleetNodeOptions) {
    this.#number = number
    this.spool = new FleetSpool(number.toString(16).padStart(32, '0'), onAcked)
    this.link = new Link({
      world,
      spool: this.spool,
      log: silentLogger,
      target: { url, ca, proxyUrl: null },
      collector,
      identity: {
        role: 'agent',
        nodeKeys: fleetKeys(number),
        fingerprint: '',
        bootId: `bench-${number}`,
        programVersion: 'bench',
        capabilities: [],
        enrollment: null,
      },
      owner: {
        timelineNowMs: () => null,
        heartbeat: () => ({ samples: 1, freeUnits: new Uint8Array(1) }),
        onTime: () => {},
        onNeedFacts: () => {},
        onNewEpoch: () => {},
        ...owner,
      },
    })
  }

  get isOnline(): boolean {
    return this.link.status().state === 'online'
  }

  /** What an epoch begins with, and the minutes from then on that are over. */
  begin(startMs: number, backlog: readonly SpoolEntry[]): void {
    const gap = { startMs, endMs: startMs, cause: 'epoch', bootId: 'bench' } as const
    const first = [
      encodeRecord({ kind: 'gap', gap }),
      encodeRecord(factsRecord(this.#number, startMs)),
    ]
    this.spool.append(first.map((bytes) => ({ bytes, timelineEndMs: startMs })))
    this.spool.append(backlog)
    const endMs = backlog.at(-1)?.timelineEndMs ?? startMs
    this.#activity = new Activity({ shape: 'mixed', seed: this.#number, startMs: endMs })
  }

  /** The next minute, once it is over; `false`: it is not. */
  tick(nowMs: number): boolean {
    const activity = this.#activity
    if (activity === null || activity.nextStartMs + MINUTE_MS > nowMs) return false
    const bytes = encodeRecord({ kind: 'tick', tick: activity.next() })
    this.spool.append([{ bytes, timelineEndMs: activity.nextStartMs }])
    this.link.wake()
    return true
  }
}

/** Minutes of a node, encoded once: nodes may share them, for only their facts differ. */
export function minutesOf(seed: number, startMs: number, minutes: number): readonly SpoolEntry[] {
  const activity = new Activity({ shape: 'mixed', seed, startMs })
  return Array.from({ length: minutes }, () => {
    const bytes = encodeRecord({ kind: 'tick', tick: activity.next() })
    return { bytes, timelineEndMs: activity.nextStartMs }
  })
}
