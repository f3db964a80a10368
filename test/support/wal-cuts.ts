/**
 * Cuts at any byte of a write-ahead log. A ledger, and a spool, are written by the real programs; what
 * was durable when each of them answered is noted beside. Then the log is cut or spoilt somewhere and
 * opened again.
 *
 * What may be promised: a crash tears nothing that was on the disk before the last fsync, so whatever
 * the file held when an answer was given is there. A cut at or behind that place therefore has to
 * leave everything that was answered; one before it is a disk that lies, and has to leave the ledger
 * as it was after some commit, never a part of one.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '@yiben/shared'
import { Chance } from '../simulation/chance.ts'
import { DAMAGES, type Damage, damagedLog, lastCommitBefore, WalFollower } from './wal-log.ts'

/** A database as it lay on the disk at one moment, and what had been answered of it until then. */
export interface Picture<Told> {
  /** As the last checkpoint left it. */
  readonly file: Buffer
  readonly log: Buffer
  readonly commits: readonly number[]
  /** By the end of the log at each answer: what must be there from then on. */
  readonly told: readonly { readonly offset: number; readonly told: Told }[]
}

/** Stands beside whoever writes a database; asked after each answer. */
export class Photographer<Told> {
  readonly #path: string
  readonly #follower: WalFollower
  #salts = ''
  #file: Buffer = Buffer.alloc(0)
  #told: { offset: number; told: Told }[] = []
  /** What had been told when the log began. */
  #before: Told | null = null

  constructor(path: string) {
    this.#path = path
    this.#follower = new WalFollower(`${path}-wal`)
  }

  /** An answer was given just now. */
  note(told: Told): void {
    if (!existsSync(`${this.#path}-wal`)) return
    const offset = this.#follower.read()
    if (this.#follower.salts !== this.#salts) {
      // The log begins anew: everything before lies in the file, which a checkpoint has synced.
      this.#salts = this.#follower.salts
      this.#file = readFileSync(this.#path)
      this.#told = this.#before === null ? [] : [{ offset: 0, told: this.#before }]
    }
    if (offset > (this.#told.at(-1)?.offset ?? -1)) this.#told.push({ offset, told })
    this.#before = told
  }

  /** `null` while there is nothing to cut. */
  picture(): Picture<Told> | null {
    const { commits } = this.#follower
    if (commits.length < 2 || this.#told.length < 2) return null
    return {
      file: this.#file,
      log: readFileSync(`${this.#path}-wal`),
      commits: [...commits],
      told: [...this.#told],
    }
  }
}

export interface Cut<Told> {
  readonly damage: Damage
  readonly offset: number
  /** Answered when the log was no longer than what is whole of it; `null`: nothing yet. */
  readonly told: Told | null
  /** The next answer; `null`: the commit is the last. What lies between was never answered. */
  readonly next: Told | null
  readonly describe: string
}

/**
 * Puts the picture into `folder` with its log spoilt at a drawn byte. `fromOffset`: a crash spoils
 * nothing before it; 0 for a disk that lies.
 */
export function spoil<Told>(
  picture: Picture<Told>,
  random: Random,
  options: { readonly folder: string; readonly name: string; readonly isLying: boolean },
): Cut<Told> {
  const chance = new Chance(random)
  const { commits, file, log, told } = picture
  const answered = told[chance.whole(0, told.length)]?.offset ?? 0
  const end = commits.at(-1) ?? 0
  // What a crash may tear lies behind the last answer, up to what was being written.
  const offset = options.isLying ? chance.whole(0, end) : chance.whole(answered, end + 1)
  const damage = chance.of(DAMAGES)
  rmSync(options.folder, { recursive: true, force: true })
  mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(options.folder, options.name), file)
  // Good bytes behind a bad one, as of a later write that came through, are a part of it.
  writeFileSync(
    join(options.folder, `${options.name}-wal`),
    damagedLog(log, offset, damage, chance),
  )
  const whole = lastCommitBefore(commits, offset)
  const at = told.findLastIndex((one) => one.offset <= whole)
  const describe = `${damage} at byte ${offset} of ${log.length}, whole up to ${whole}`
  const next = told[at + 1] ?? null
  return { damage, offset, told: told[at]?.told ?? null, next: next?.told ?? null, describe }
}
