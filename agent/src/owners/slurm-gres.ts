/**
 * The texts in which Slurm tells generic resources (GRES): what a node has (`gpu:a100:4(S:0-1)`) and
 * what of it is in use (`gpu:a100:3(IDX:0-1,3)`). Pure. A text that tells less than it should gives
 * `null` in the place of what is missing: an index that is not told is not "none".
 */
import { splitOutside } from './slurm-hostlist.ts'

/** Resources that are parts of a card: several jobs have one index at the same time. */
const SHARED_NAMES: ReadonlySet<string> = new Set(['mps', 'shard'])

export function isSharedGres(name: string): boolean {
  return SHARED_NAMES.has(name)
}

export interface ConfiguredGres {
  readonly name: string
  readonly type: string | null
  /** `null`: not told in a way we know. */
  readonly count: number | null
}

export interface UsedGres {
  /** Of all types together; for shared resources in their own unit. `null`: not told. */
  readonly count: number | null
  /** Ascending; `null`: some are in use and it is not told which. */
  readonly indices: readonly number[] | null
}

/** A node has far fewer of anything; bounds what a broken text can cost. */
const INDEX_MAX = 4095

/** The field `Gres` of a node, in its order. */
export function parseConfiguredGres(text: string): readonly ConfiguredGres[] {
  if (isNothing(text)) return []
  return splitOutside(text).map((item) => {
    const { name, type, count } = parseItem(item)
    return { name, type, count }
  })
}

/** The field `GresUsed` of a node or `GRES` of a job on it, by name. */
export function parseUsedGres(text: string): ReadonlyMap<string, UsedGres> {
  const used = new Map<string, UsedGres>()
  if (isNothing(text)) return used
  for (const item of splitOutside(text)) {
    const { name, count, detail } = parseItem(item)
    const one = { count, indices: count === null ? null : indicesOf(name, count, detail) }
    const before = used.get(name)
    used.set(name, before === undefined ? one : merged(name, before, one))
  }
  return used
}

interface Item extends ConfiguredGres {
  /** What stands in parentheses at the end. */
  readonly detail: string | null
}

/** `name`, `name:count`, `name:type`, `name:type:count`, each with a detail; a type may be `4090`. */
function parseItem(item: string): Item {
  // A resource without type is printed `shard:(null):1(IDX:0)` by 22.05.
  const [, body = '', detail = null] =
    /^([^()]*)(?:\((.*)\))?$/.exec(item.replace(':(null)', '')) ?? []
  const [name = '', ...rest] = body.split(':')
  const last = rest.at(-1) ?? ''
  const hasCount = /^\d{1,9}$/.test(last)
  const types = hasCount ? rest.slice(0, -1) : rest
  const isKnown = /^[A-Za-z][\w-]*$/.test(name) && types.length <= 1 && types[0] !== 'no_consume'
  const count = hasCount ? Number(last) : 1
  return {
    name: name || (item.split(':')[0] ?? item),
    type: types[0] ?? null,
    count: isKnown ? count : null,
    detail,
  }
}

/** `0-3,6` or `N/A`; ascending. `null`: not in this notation. */
export function parseIndices(text: string): readonly number[] | null {
  if (text === 'N/A') return []
  const indices = new Set<number>()
  for (const range of text.split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(range)
    if (match === null) return null
    const [, first, last = first] = match
    if (Number(last) < Number(first) || Number(last) > INDEX_MAX) return null
    for (let index = Number(first); index <= Number(last); index += 1) indices.add(index)
  }
  return [...indices].sort((a, b) => a - b)
}

function indicesOf(name: string, count: number, detail: string | null): readonly number[] | null {
  if (count === 0) return []
  if (detail === null) return null
  if (isSharedGres(name)) return sharedIndicesOf(detail)
  const indices = detail.startsWith('IDX:') ? parseIndices(detail.slice('IDX:'.length)) : null
  // Slurm cuts long lists off at 64 characters (bit_fmt into tmp_str, gres.c): count them.
  return indices?.length === count ? indices : null
}

/** `IDX:0` in 22.05, `2/4,0/4` (in use of all, card by card) since. */
function sharedIndicesOf(detail: string): readonly number[] | null {
  if (detail.startsWith('IDX:')) {
    const indices = parseIndices(detail.slice('IDX:'.length))
    return indices === null || indices.length === 0 ? null : indices
  }
  const shares = detail.split(',').map((share) => /^(\d+)\/\d+$/.exec(share)?.[1] ?? null)
  if (shares.includes(null)) return null
  return shares.flatMap((share, index) => (Number(share) > 0 ? [index] : []))
}

/** Types of one name share its indices, except that shares are listed type by type. */
function merged(name: string, a: UsedGres, b: UsedGres): UsedGres {
  const count = a.count === null || b.count === null ? null : a.count + b.count
  if (a.indices === null || b.indices === null) return { count, indices: null }
  const isTold = !isSharedGres(name) || count === 0
  const indices = [...new Set([...a.indices, ...b.indices])].sort((one, other) => one - other)
  return { count, indices: isTold ? indices : null }
}

function isNothing(text: string): boolean {
  return text === '' || text === '(null)' || text === 'N/A'
}
