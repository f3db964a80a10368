/**
 * Journal entries as the stores keep them: deflated with a dictionary of what entries are made of. They
 * are kept for ever and say much the same in the same words; what is hashed, signed and told is the
 * entry itself, never this form. An entry that was kept as it is begins with a brace, and stays so.
 *
 * The dictionary is a part of the format: another one is another first byte.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { AppError, errorSentence } from '@yiben/shared'

const DEFLATED_1 = 0x01
const BRACE = 0x7b
/** An entry that says more was never written: lists in entries are bounded. */
const ENTRY_BYTES_MAX = 64 * 1024 * 1024

/** What is most frequent stands last: it is nearest. */
const DICTIONARY_1 = Buffer.from(
  [
    '"accounts_settled","payload":{"claims":1,"moved":[{"card_ms":"","from":"pending","to":"delivered_active"},{"card_ms":"","to":"delivered_idle"}],"postings":,"sha256":"',
    '"unit_admitted","payload":{"accelerator_id":null,"identity":"","identity_strength":"strong","index":0,"name":"share_ppm":1000000,"unit_kind":"card","valid_from_ms":',
    '"lease_ended","payload":{"cause":"expired","end":"returned","ended_at_ms":"card_cleaned","payload":{"clean_at_ms":"how":"free","lease_id":"e-',
    '"draw_refused","payload":{"code":"not_enough","reason":null,"draw_lapsed","draw_voided","veto","policy_changed"',
    '"kind":"draw_held","payload":{"bank":"","borrower":"","chance_ppm":null,"contract":"","deposit_ids":["d-"],"draw_id":"","evidence_classes":["A","A"],"fenced":[false,false],"for_ms":,"forecast_brier_ppm":null,"forecast_version":null,"free_since_ms":[17],"hold_until_ms":,"lots":[{"cards":1,"lot_id":"l-"}],"node_ids":["n-"],"ordinals":[0,1],"sampled_at_ms":[17],"swap":"never","unit_ids":[],"version":',
    '"draw_posted","leases":["e-"],"start_ms":"until_ms":',
    '"kind":"hour_sealed","payload":{"buckets":,"definition":"v1","hour_ms":17,"root":"","state_definition":"v1","unsettled_cards":0,"version":1},"seq":',
    '"kind":"lot_closed","kind":"lot_opened","kind":"lot_promised","reason":"reclaimed"',
    '{"at_ms":17,"generation":1,"kind":"lot_changed","payload":{"cards":,"closed":[{"accelerator_id":,"closed_at_ms":17,"deposit_id":"d-","opened_at_ms":17,"reason":"window_ended","unit_id":,"window_start_ms":17}],"lot_id":"l-","model":"","node_id":"n-","opened":[{"accelerator_id":,"deposit_id":"d-","opened_at_ms":17,"unit_id":,"window_start_ms":17}],"policy_version":1,"profile":{"memory_total_mib":,"name":"NVIDIA ","power_cap_watts":,"vendor":"nvidia"},"renewed":[],"site":""},"seq":,"v":1}',
  ].join(''),
  'utf8',
)

export function packEntry(entry: Uint8Array): Uint8Array {
  const deflated = deflateRawSync(entry, { dictionary: DICTIONARY_1 })
  const isWorth = entry[0] !== BRACE || deflated.length + 1 < entry.length
  return isWorth ? Buffer.concat([Uint8Array.of(DEFLATED_1), deflated]) : entry
}

/** Throws `disk_failed` for what no store has written, under the number of the entry. */
export function unpackEntry(kept: Uint8Array, seq: number): Uint8Array {
  if (kept[0] === BRACE) return kept
  const damaged = (why: string) => {
    return new AppError('disk_failed', `Journal entry ${seq} is damaged on the disk: ${why}`)
  }
  if (kept[0] !== DEFLATED_1) throw damaged('it is kept in no form that is known')
  const { bytes, rest } = inflated(kept.subarray(1), damaged)
  if (rest > 0) throw damaged('something follows it')
  return bytes
}

function inflated(
  deflated: Uint8Array,
  damaged: (why: string) => AppError,
): { readonly bytes: Uint8Array; readonly rest: number } {
  try {
    const settings = { dictionary: DICTIONARY_1, maxOutputLength: ENTRY_BYTES_MAX, info: true }
    // With `info` more is answered than the bytes alone.
    const answer: unknown = inflateRawSync(deflated, settings)
    const { buffer, engine } = answer as {
      readonly buffer: Buffer
      readonly engine: { readonly bytesWritten: number }
    }
    // A copy: the library's own lies in a piece of 16 KiB, all of which would go between threads.
    return { bytes: new Uint8Array(buffer), rest: deflated.length - engine.bytesWritten }
  } catch (error) {
    throw damaged(errorSentence(error))
  }
}
