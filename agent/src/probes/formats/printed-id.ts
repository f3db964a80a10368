/**
 * Ids as tools print them. A capture from a document has them masked, a card whose memory of ids
 * was never written prints zeros: neither names a card, and two such cards would look like one.
 */
import { readWord } from './text.ts'

/** Nothing but zeros, signs of a mask and what separates groups, behind a word like `GPU-`. */
const ZEROED = /^(?:[A-Z]{3,4}-)?[0xX*#._\-\s]*$/
/** A part blanked by hand: `02Kxxx`, `GDF***141`. */
const MASKED = /x{3,}|X{3,}|\*{2,}|#{2,}/
/** Two lines of a damaged text that ran into one. */
const JOINED = /\s{2}|\s:/

/** A UUID in full, mostly behind a word for what it names. */
const WHOLE_UUID = /^(?:[a-z]+-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The id as printed, or `null` where it names nothing. */
export function readId(text: string | null | undefined): string | null {
  const word = readWord(text)
  if (word === null || [ZEROED, MASKED, JOINED].some((sign) => sign.test(word))) return null
  return word
}

/** The same for tools whose ids are known to be UUIDs: one of another length was damaged. */
export function readUuid(text: string | null | undefined): string | null {
  const id = readId(text)
  return id !== null && WHOLE_UUID.test(id) ? id : null
}
