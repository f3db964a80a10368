/** The nation's collector: a real program on a real disk, with tokens for its children and its readers. */
import { join } from 'node:path'
import { createRealWorld, HOUR_MS } from '@yiben/shared'
import { readOrCreateIdentity } from '../../../collector/src/identity-file.ts'
import { mintToken, type TokenRequest } from '../../../collector/src/inventory/administration.ts'
import { openStoreOf } from '../../../collector/src/storage/open.ts'
import { CollectorProgram } from './collector-program.ts'

const TTL_MS = 24 * HOUR_MS

export interface NationTokens {
  readonly children: readonly string[]
  /** Of who may read the ledger. */
  readonly regulator: string
}

export interface NationParentOptions {
  readonly folder: string
  /** Address of a PostgreSQL database; `null`: a file. */
  readonly storageUrl: string | null
}

/** Makes the ledger of the folder, and the tokens. */
export async function nationTokens(
  options: NationParentOptions,
  children: number,
): Promise<NationTokens> {
  const { folder, storageUrl } = options
  // Whoever serves first makes the ledger and its key.
  await using first = await startParent(options, { sealDelayMs: TTL_MS })
  await first.program.stop()
  const { clock, random } = createRealWorld()
  const dataDir = join(folder, 'collector')
  const storage = { url: storageUrl, connections: 4 }
  const store = await openStoreOf({ dataDir, clock, random, storage })
  const identity = readOrCreateIdentity(dataDir, random)
  const mint = async (request: Partial<TokenRequest>) => {
    const minted = mintToken(
      {
        role: null,
        siteCode: null,
        regionCode: null,
        cidr: null,
        uses: 1,
        ttlMs: TTL_MS,
        ...request,
      },
      { random, identity, by: 'bench', nowMs: clock.wallMs() },
    )
    await store.createToken(minted.row, minted.outbox)
    return minted.text
  }
  try {
    const tokens: string[] = []
    for (let child = 0; child < children; child += 1) {
      tokens.push(await mint({ childName: `province-${child}` }))
    }
    return { children: tokens, regulator: await mint({ role: 'regulator', uses: null }) }
  } finally {
    await store.close()
  }
}

/** `sealDelayMs`: hours are sealed so long after their end. */
export function startParent(
  { folder, storageUrl }: NationParentOptions,
  { sealDelayMs, port }: { readonly sealDelayMs: number; readonly port?: number },
): Promise<CollectorProgram> {
  const config = [
    `seal_delay: ${Math.round(sealDelayMs / 1_000)}s`,
    'intervals: { rollup: 1s }',
    'limits: { handshakes_per_address: 1000 }',
    ...(storageUrl === null ? [] : [`storage: { url: '${storageUrl}' }`]),
  ]
  return CollectorProgram.start({ folder, config, ...(port === undefined ? {} : { port }) })
}
