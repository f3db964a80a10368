/**
 * Cards that are booked for hours to come, by site and kind: what a search for as long does without
 * (C17). Pure, in memory; filled from the store by whoever follows it.
 */
import { HOUR_MS } from '@yiben/shared'
import type { BookedCards } from '../storage/draw-requests.ts'

type BookedHour = Pick<BookedCards, 'siteCode' | 'kindKey' | 'hourMs' | 'cards'>

export interface BookedView {
  /** Whether anything is booked anywhere: most searches need look no further. */
  readonly isEmpty: boolean
  /** The most that is booked in any hour that the span touches. */
  bookedCards(
    siteCode: string,
    kindKey: string,
    span: { readonly fromMs: number; readonly toMs: number },
  ): number
}

export class BookedHours implements BookedView {
  #hours = new Map<string, readonly BookedHour[]>()

  /** All there is, whatever there was. */
  put(hours: readonly BookedHour[]): void {
    this.#hours = Map.groupBy(hours, ({ kindKey, siteCode }) => keyOf(siteCode, kindKey))
  }

  get isEmpty(): boolean {
    return this.#hours.size === 0
  }

  bookedCards(
    siteCode: string,
    kindKey: string,
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  ): number {
    const hours = this.#hours.get(keyOf(siteCode, kindKey)) ?? []
    return hours.reduce((most, { cards, hourMs }) => {
      return hourMs < toMs && hourMs + HOUR_MS > fromMs ? Math.max(most, cards) : most
    }, 0)
  }
}

function keyOf(siteCode: string, kindKey: string): string {
  return JSON.stringify([siteCode, kindKey])
}
