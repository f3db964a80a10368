/**
 * Takes out of a tool's output what must not leave the node: ids, serials, process names, user and
 * host names. Every character is replaced by one of the same kind and width, so that a table keeps
 * its columns and a parser reads the same figures from the masked text.
 */
import type { ParsedOutput } from './probe.ts'

/** `GPU-5bd4…`, `MIG-…`, and bare UUIDs: the prefix stays, the id becomes zeros (which is no id). */
const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi
/** A die id of npu-smi: five words of eight hex digits. */
const DIE_ID = /\b[0-9A-F]{8}(?:[ -][0-9A-F]{8}){4}\b/g
/** `Serial Number : 165…`, `"serial": "…"`, `<serial>…</serial>`: what follows a key that names one. */
const SERIAL_KEYS =
  /((?:serial(?:[ _-]?(?:number|no))?|board[ _-]?(?:id|serial)|\bSN|unique[ _-]?id|\buuid|part[ _-]?number)["']?\s*(?:[:=>]|\(hex\):)\s*["']?)([A-Za-z0-9][\w./-]{3,63})/gi
/** Private ranges alone: versions of drivers have four parts too (`5.0.21.26`). */
const ADDRESS_V4 = /\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2}\b(?!\.\d)/g
const MAC = /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi
/** Shorter names are words of every table. */
const NAME_LENGTH_MIN = 2
const ID_LENGTH_MIN = 4

export interface MaskOptions {
  /** What the vendor's parser found in the text: its ids and names are masked wherever they stand. */
  readonly parsed: ParsedOutput | null
  /** Other words to be masked: the host's name, user names. */
  readonly words: readonly string[]
}

export function maskOutput(text: string, { parsed, words }: MaskOptions): string {
  let masked = text
  for (const id of idsIn(parsed)) masked = masked.replaceAll(id, zeros(id))
  for (const name of [...namesIn(parsed), ...words].sort((a, b) => b.length - a.length)) {
    if (name.length >= NAME_LENGTH_MIN) masked = masked.replaceAll(wholeWord(name), crosses(name))
  }
  return masked
    .replace(UUID, zeros)
    .replace(DIE_ID, zeros)
    .replace(SERIAL_KEYS, (_, key: string, value: string) => `${key}${zerosOfId(value)}`)
    .replace(MAC, zeros)
    .replace(ADDRESS_V4, zeros)
}

/** Hex digits become 0, other letters stay: `GPU-5bd4` keeps its prefix. */
function zeros(id: string): string {
  const [, prefix = '', rest = ''] = /^([A-Z]{3}-)?(.*)$/s.exec(id) ?? []
  return prefix + rest.replaceAll(/[0-9A-Za-z]/g, '0')
}

/** Words that stand for "no serial" tell a reader something and stay. */
function zerosOfId(value: string): string {
  return /\d/.test(value) ? zeros(value) : value
}

function wholeWord(name: string): RegExp {
  return new RegExp(`(?<![\\w-])${RegExp.escape(name)}(?![\\w-])`, 'g')
}

function crosses(name: string): string {
  return name.replaceAll(/[^\s|,;"'<>&/]/g, 'x')
}

function idsIn(parsed: ParsedOutput | null): string[] {
  const ids = (parsed?.devices ?? []).flatMap((device) => [device.uuid, device.serial])
  return ids.filter((id): id is string => typeof id === 'string' && id.length >= ID_LENGTH_MIN)
}

function namesIn(parsed: ParsedOutput | null): string[] {
  return (parsed?.devices ?? []).flatMap(({ processes }) =>
    Array.isArray(processes) ? processes.flatMap((process: unknown) => nameOf(process)) : [],
  )
}

function nameOf(process: unknown): string[] {
  const named = typeof process === 'object' && process !== null && 'name' in process
  return named && typeof process.name === 'string' && process.name !== '' ? [process.name] : []
}
