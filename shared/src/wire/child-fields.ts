/** What records of a child collector have in common: origin, version, profile, texts, lists. */
import { IDENTITY_STRENGTHS, type Identity, VENDORS } from '../model/accelerator.ts'
import type { RecordVersion, ReportedBucket } from '../model/child-record.ts'
import { MEMORY_MIB_MAX, POWER_CAP_WATTS_MAX } from './facts.ts'
import {
  clipText,
  fixedHex,
  fromHex,
  oneOf,
  optionalNumber,
  refuseField,
  sequenceNumber,
  text,
  toHex,
  wholeNumber,
  wordAt,
} from './fields.ts'
import type { yiben } from './generated/link.js'
import { TEXT_NAME_BYTES_MAX, TEXT_SHORT_BYTES_MAX, TIME_MS_MAX } from './limits.ts'

/** Raw public keys of the suites there are: Ed25519 has 32 bytes, a compressed point of SM2 33. */
const ORIGIN_BYTES = [32, 33]
const IDENTITY_HASH_BYTES = 32
const NO_BYTES = new Uint8Array(0)

interface Reported {
  readonly origin: string
  readonly version: RecordVersion
}

type Profile = Pick<ReportedBucket, 'vendor' | 'name' | 'memoryTotalMib' | 'powerCapWatts'>

export function packReported({ origin, version }: Reported): yiben.v1.Reported.$Properties {
  return { origin: fromHex(origin), generation: version.generation, number: version.number }
}

export function unpackReported(message: yiben.v1.Reported.$Shape | null | undefined): Reported {
  return {
    origin: originHex(message?.origin, 'reported.origin'),
    version: {
      generation: sequenceNumber(message?.generation, 'reported.generation'),
      number: sequenceNumber(message?.number, 'reported.number'),
    },
  }
}

/** Raw public key of a ledger. */
export function originHex(value: Uint8Array | null | undefined, field: string): string {
  const given = value ?? NO_BYTES
  if (!ORIGIN_BYTES.includes(given.length)) refuseField(field, 'is no raw public key')
  return toHex(given)
}

export function packProfile(profile: Profile): yiben.v1.ReportedProfile.$Properties {
  return {
    vendor: profile.vendor,
    name: clipText(profile.name, TEXT_NAME_BYTES_MAX),
    memoryTotalMib: profile.memoryTotalMib,
    powerCapWatts: profile.powerCapWatts,
  }
}

export function unpackProfile(
  message: yiben.v1.ReportedProfile.$Shape | null | undefined,
): Profile {
  return {
    vendor: oneOf(message?.vendor, 'profile.vendor', VENDORS),
    name: text(message?.name, 'profile.name', TEXT_NAME_BYTES_MAX),
    memoryTotalMib: optionalNumber(
      message?.memoryTotalMib,
      'profile.memory_total_mib',
      MEMORY_MIB_MAX,
    ),
    powerCapWatts: optionalNumber(
      message?.powerCapWatts,
      'profile.power_cap_watts',
      POWER_CAP_WATTS_MAX,
    ),
  }
}

/** As a ledger holds it: number 0 is of no key, where a card is known by its place only. */
export function unpackHeldIdentity(message: yiben.v1.Identity.$Shape): Identity {
  return {
    keyNumber: wholeNumber(message.keyNumber, 'identity.key_number', { min: 0, max: 0xffff_ffff }),
    hash: fixedHex(message.hash, 'identity.hash', IDENTITY_HASH_BYTES),
    strength: wordAt(message.strength, 'identity.strength', IDENTITY_STRENGTHS),
  }
}

/** A short text that is not empty: a code, an id, a word. */
export function code(value: string | null | undefined, field: string): string {
  const given = text(value, field, TEXT_SHORT_BYTES_MAX)
  if (given === '') refuseField(field, 'is empty')
  return given
}

/** Text that may be absent: empty on the wire. */
export function textOrNull(
  value: string | null | undefined,
  field: string,
  bytesMax: number,
): string | null {
  const given = text(value, field, bytesMax)
  return given === '' ? null : given
}

/** An instant that people state: it may lie before this century; 0 is always. */
export function statedMs(value: number | null | undefined, field: string): number {
  return wholeNumber(value, field, { min: 0, max: TIME_MS_MAX })
}

/** Refuses a list that has the same thing twice: it would be counted twice or lost. */
export function checkOnce<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => unknown,
  field: string,
): void {
  const keys = new Set(items.map((item) => JSON.stringify(keyOf(item))))
  if (keys.size !== items.length) refuseField(field, 'has the same thing twice')
}
