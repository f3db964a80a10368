/**
 * What a binary asks of the machine's C and C++ libraries: the highest version of each among the
 * symbols it needs. A package is built for the oldest libraries it names; a binary that asks for
 * more stops the build.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** Kylin V10, openEuler 20.03, UOS 20, RHEL 8. */
export const GLIBC_MAX = '2.28'

/** The C++ library is that of GCC 7.3, which is what the oldest of these systems have. */
const MOST: Readonly<Record<string, string>> = {
  GLIBC: GLIBC_MAX,
  GLIBCXX: '3.4.24',
  CXXABI: '1.3.11',
}

const ELF_MAGIC = 0x7f454c46

/** What one binary asks of one library at most. */
export interface Need {
  readonly file: string
  readonly library: string
  readonly version: string
}

/** Of every binary below the folder, per library it asks. */
export function needsBelow(folder: string): readonly Need[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(isElf)
    .sort()
    .flatMap(needsOf)
}

/** The need is more than the oldest machine that the package is for has. */
export function isTooNew({ library, version }: Need): boolean {
  const most = MOST[library]
  return most !== undefined && compareVersions(version, most) > 0
}

export function compareVersions(left: string, right: string): number {
  const lefts = left.split('.').map(Number)
  const rights = right.split('.').map(Number)
  for (let place = 0; place < Math.max(lefts.length, rights.length); place += 1) {
    const difference = (lefts[place] ?? 0) - (rights[place] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function needsOf(file: string): readonly Need[] {
  const text = execFileSync('readelf', ['--version-info', '--wide', file], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  const highest = new Map<string, string>()
  // What it needs, not what it defines.
  const needed = text.slice(Math.max(0, text.indexOf('.gnu.version_r')))
  for (const [, library = '', version = '0'] of needed.matchAll(
    /Name: ([A-Z]+)_(\d+(?:\.\d+)+)/g,
  )) {
    const before = highest.get(library)
    if (before === undefined || compareVersions(version, before) > 0) highest.set(library, version)
  }
  return [...highest].map(([library, version]) => ({ file, library, version }))
}

function isElf(file: string): boolean {
  const head = Buffer.alloc(4)
  const descriptor = openSync(file, 'r')
  try {
    return readSync(descriptor, head, 0, 4, 0) === 4 && head.readUInt32BE() === ELF_MAGIC
  } finally {
    closeSync(descriptor)
  }
}
