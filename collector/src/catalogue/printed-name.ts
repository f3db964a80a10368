/**
 * Makes names comparable: what a vendor's tool prints and what the catalogue lists become the same
 * sequence of tokens. Case is folded; space, `-` and `_` are equal; a leading vendor word falls
 * away, so that `NVIDIA L40S` and `L40S` are one name, and `L40S` never begins with `L4`.
 */
import type { Vendor } from '@yiben/shared'

/** Longer than any product name; what is behind it cannot tell two products apart. */
const NAME_CHARACTERS_MAX = 256

/** Words a maker puts in front, longest first; only the makers the catalogue has rows of. */
const LEADING_WORDS: Readonly<Partial<Record<Vendor, readonly string[]>>> = {
  nvidia: ['nvidia', '英伟达'],
  ascend: ['huawei ascend', 'huawei', 'ascend', '华为昇腾', '华为', '昇腾'],
  cambricon: ['cambricon', '寒武纪'],
  hygon: ['hygon', '海光'],
  'moore-threads': ['moore threads', 'moorethreads', '摩尔线程'],
  metax: ['metax', '沐曦'],
  enflame: ['enflame', '燧原'],
  iluvatar: ['iluvatar corex', 'iluvatar', '天数智芯'],
  kunlunxin: ['kunlunxin', 'kunlun', '昆仑芯'],
  biren: ['biren', '壁仞'],
  'thead-ppu': ['t head', 'thead', '平头哥'],
  vastai: ['vastai', '瀚博'],
  amd: ['amd', '超威半导体'],
  intel: ['intel', 'habana', '英特尔'],
}

export function tokensOf(name: string): readonly string[] {
  const folded = name.slice(0, NAME_CHARACTERS_MAX).toLowerCase()
  return folded.split(/[\s_-]+/u).filter((token) => token !== '')
}

/** The tokens without the vendor's own leading word; a name that is nothing else keeps it. */
export function dropVendorWord(tokens: readonly string[], vendor: Vendor): readonly string[] {
  const words = LEADING_WORDS[vendor]?.map((phrase) => phrase.split(' ')) ?? []
  const leading = words.find(
    (phrase) =>
      phrase.length < tokens.length && phrase.every((word, index) => word === tokens[index]),
  )
  return leading === undefined ? tokens : tokens.slice(leading.length)
}

/** The maker a name says it is from; `null` where it starts with no maker's word. */
export function vendorNamed(tokens: readonly string[]): Vendor | null {
  for (const vendor of Object.keys(LEADING_WORDS) as Vendor[]) {
    if (dropVendorWord(tokens, vendor) !== tokens) return vendor
  }
  return null
}
