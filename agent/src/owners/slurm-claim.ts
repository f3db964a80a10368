/**
 * Who of several readers may ask now: the one that holds a file created exclusively (atomic on NFS
 * since version 3, and on Lustre).
 *
 * A claim that stays the same for `CLAIM_MS_MAX`, by the clock of the one who looks, was left by a
 * reader that died. It is removed, and a new one is tried at the next look only, so that of two
 * readers that remove it at once neither can remove the other's new claim.
 */
import { open, readFile, rm } from 'node:fs/promises'
import { randomHex } from '@yiben/shared'
import type { OwnerContext } from './owner.ts'

/** A question takes 20 s at most; the rest is for slow disks. */
const CLAIM_MS_MAX = 45_000
const ID_BYTES = 8

export class SiteClaim {
  readonly #path: string
  readonly #context: Pick<OwnerContext, 'clock' | 'random' | 'log'>
  #other: { readonly id: string; readonly sinceMs: number } | null = null

  constructor(path: string, context: Pick<OwnerContext, 'clock' | 'random' | 'log'>) {
    this.#path = path
    this.#context = context
  }

  /** The claim's id; `null`: somebody else is asking. */
  async take(): Promise<string | null> {
    const id = randomHex(this.#context.random, ID_BYTES)
    try {
      const file = await open(this.#path, 'wx', 0o644)
      await file.writeFile(id).finally(() => file.close())
      return id
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    await this.#watchOther()
    return null
  }

  async release(id: string): Promise<void> {
    if ((await this.#read()) === id) await rm(this.#path, { force: true })
  }

  async #watchOther(): Promise<void> {
    const id = await this.#read()
    if (id === null) return
    const nowMs = this.#context.clock.monotonicMs()
    if (this.#other?.id !== id) this.#other = { id, sinceMs: nowMs }
    if (nowMs - this.#other.sinceMs <= CLAIM_MS_MAX) return
    this.#context.log.warn(
      { limitMs: CLAIM_MS_MAX },
      'the claim of a reader that is gone is removed',
    )
    await rm(this.#path, { force: true })
  }

  async #read(): Promise<string | null> {
    try {
      return await readFile(this.#path, 'utf8')
    } catch {
      // Released meanwhile.
      return null
    }
  }
}
