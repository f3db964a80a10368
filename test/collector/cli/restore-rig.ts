/** A data folder with a ledger that was lived in, and restores of it, in this process. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ALGORITHM_ED25519, keyPairFromSeed, silentLogger } from '@yiben/shared'
import { checkpointFile } from '../../../collector/src/checkpoint-file.ts'
import { runRestore } from '../../../collector/src/cli/restore.ts'
import type { RestoreOptions } from '../../../collector/src/cli/restore-check.ts'
import { loadConfig } from '../../../collector/src/config.ts'
import { Notary } from '../../../collector/src/journal/notary.ts'
import { Sequencer } from '../../../collector/src/journal/sequencer.ts'
import { openCommandStore } from '../../../collector/src/storage/open.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { START_MS } from '../bank/ledger-rig.ts'
import { writeIdentity } from '../journal/export-support.ts'

const KEY_SEED = 7
const NO_NETWORK = { dial: () => Promise.reject(new Error('nobody is dialled')) }

export class RestoreRig {
  readonly folder: string
  readonly clock = new FakeClock(START_MS)
  readonly random: FakeRandom
  readonly backup = join(tempDir(), 'backup.sqlite')
  #sites = 0

  /** Of another `seed` it is another ledger. */
  constructor(folder = tempDir(), seed = 3) {
    this.folder = folder
    this.random = new FakeRandom(seed)
  }

  /** Three sites, all signed. */
  static async lived(seed?: number): Promise<RestoreRig> {
    const rig = new RestoreRig(tempDir(), seed)
    writeIdentity(rig.folder, ALGORITHM_ED25519, KEY_SEED)
    await rig.live(3, true)
    return rig
  }

  get path(): string {
    return join(this.folder, 'ledger.sqlite')
  }

  get note(): string {
    return readFileSync(join(this.folder, 'checkpoint.note'), 'utf8')
  }

  async withStore<Result>(use: (store: Store) => Promise<Result>): Promise<Result> {
    const { clock, random, folder: dataDir } = this
    const store = openCommandStore({ dataDir, clock, random })
    try {
      return await use(store)
    } finally {
      await store.close()
    }
  }

  /** Some entries more, numbered and signed. `isFirst`: of a ledger that is to be made. */
  async live(entries: number, isFirst = false): Promise<void> {
    const key = join(this.folder, 'identity.key')
    const kept = readFileSync(key, 'utf8')
    if (isFirst && !existsSync(this.path)) await this.#make(key, kept)
    await this.withStore(async (store) => {
      for (let entry = 0; entry < entries; entry += 1) await this.putSite(store)
      await this.sign(store)
    })
  }

  async putSite(store: Store): Promise<void> {
    this.#sites += 1
    const code = `S-${String(this.#sites).padStart(2, '0')}`
    await store.putSite({
      code,
      name: code,
      terms: {
        operatorCode: null,
        operatorName: null,
        ownerCode: null,
        ownerName: null,
        regionCode: '110000',
        validFromMs: 0,
        validToMs: null,
        keep: [],
      },
      outbox: [{ kind: 'site_changed', atMs: this.clock.wallMs(), payload: { code } }],
    })
  }

  async sign(store: Store): Promise<void> {
    const common = { store, clock: this.clock, logger: silentLogger }
    await new Sequencer(common).drain()
    await this.notary(store, await store.ledgerState()).drain()
  }

  notary(store: Store, ledger: Awaited<ReturnType<Store['ledgerState']>>): Notary {
    const identity = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(KEY_SEED))
    const memory = checkpointFile(this.folder)
    return new Notary({ store, clock: this.clock, logger: silentLogger, ledger, identity, memory })
  }

  async backUp(file = this.backup): Promise<string> {
    await this.withStore((store) => store.backup(file))
    return file
  }

  // biome-ignore lint/suspicious/noExplicitAny: what is printed is what the test looks at
  async restore(options: RestoreOptions = {}, file = this.backup): Promise<any> {
    const { clock, random, folder } = this
    const config = loadConfig({ file: null, env: {}, flags: { data_dir: folder } })
    const world = { clock, random, network: NO_NETWORK }
    const { stdout } = await runRestore({ config, world, json: true }, file, options)
    return JSON.parse(stdout)
  }

  /** A ledger is made where nothing of one is left; its key comes after it. */
  async #make(key: string, kept: string): Promise<void> {
    rmSync(key)
    await this.withStore(async () => {})
    writeFileSync(key, kept, { mode: 0o600 })
  }
}
