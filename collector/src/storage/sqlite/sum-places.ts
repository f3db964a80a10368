/**
 * Where sites lay and who ran them in one hour, by their terms as they are told when the hour is
 * sealed or corrected: what is said of the past later moves no figure of it that has been given out.
 */
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { termsAt } from './sites.ts'

export class PlaceBook {
  readonly #db: Database
  readonly #terms: ReturnType<typeof termsAt>
  readonly #ids = new Map<string, number>()

  constructor(db: Database, hourMs: number) {
    this.#db = db
    this.#terms = termsAt(db, hourMs)
  }

  idOf(siteCode: string): number {
    const known = this.#ids.get(siteCode)
    if (known !== undefined) return known
    const terms = this.#terms.get(siteCode)
    const id = this.#place(terms?.regionCode ?? '', terms?.operatorCode ?? '')
    this.#ids.set(siteCode, id)
    return id
  }

  #place(regionCode: string, operatorCode: string): number {
    const found = this.#db.get(
      'SELECT place_id FROM places WHERE region_code = ? AND operator_code = ?',
      regionCode,
      operatorCode,
    )
    if (found !== undefined) return integer(found, 'place_id')
    return this.#db.run(
      'INSERT INTO places (region_code, operator_code) VALUES (?, ?)',
      regionCode,
      operatorCode,
    ).rowNumber
  }
}
