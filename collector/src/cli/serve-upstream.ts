/** The link to the parent, where `upstream enroll` has been; composed for the serving process. */
import { type KeyPair, type Logger, linkUrlOf, type World } from '@yiben/shared'
import type { CollectorConfig } from '../config.ts'
import { Answerer, type AnswererOptions } from '../placed/answerer.ts'
import type { LedgerState } from '../storage/requests.ts'
import { UpstreamFolder } from '../upstream/folder.ts'
import { ParentTrust } from '../upstream/parent-trust.ts'
import { Upstream, type UpstreamStore } from '../upstream/upstream.ts'
import { settledLagMs } from './settled-lag.ts'
import { addressOf, readCaFile } from './upstream.ts'

export interface UpstreamParts {
  readonly config: CollectorConfig
  readonly world: World
  readonly log: Logger
  readonly store: UpstreamStore
  readonly ledger: Pick<LedgerState, 'generation'>
  readonly identity: KeyPair
  /** What draws of the parent are decided with. */
  readonly deciding: Pick<AnswererOptions, 'context' | 'line'>
}

/** `null`: this collector reports to nobody. Throws what its files or its configuration are wrong in. */
export function openUpstream(parts: UpstreamParts): Upstream | null {
  const { config, deciding, identity, ledger, log, store, world } = parts
  const folder = new UpstreamFolder(config.dataDir)
  const enrollment = folder.readEnrollment()
  if (enrollment === null) return null
  const { caFile, proxyUrl, url } = config.upstream
  const trust = new ParentTrust({ folder, enrollment, readFile: () => readCaFile(caFile), log })
  const target = {
    url: linkUrlOf(addressOf(url, enrollment)),
    // Asked at each dial: it changes while this process runs.
    get ca() {
      return trust.ca
    },
    proxyUrl,
  }
  log.info(
    { parent: target.url, child_id: enrollment.childId },
    'this collector reports to a parent',
  )
  return new Upstream({
    world,
    log,
    store,
    identity,
    generation: ledger.generation,
    enrollment,
    spool: folder.openSpool(world.random, log),
    target,
    trust,
    settings: config.upstream,
    settledLagMs: settledLagMs(config),
    answerer: new Answerer({
      ...deciding,
      parentKey: enrollment.parent.publicKey,
      consent: config.upstream.draws,
      clock: world.clock,
      name: enrollment.name,
    }),
    keepNote: (note) => folder.writeNote(note),
  })
}
