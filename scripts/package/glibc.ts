/**
 * What a binary asks of the machine's C library: the highest GLIBC symbol version among those it
 * needs. A package is built for the oldest library it names; a binary that asks for more stops the
 * build.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** Kylin V10, openEuler 20.03, UOS 20, RHEL 8. */
export const GLIBC_MAX = '2.28'

const ELF_MAGIC = 0x7f454c46

/** Of every binary below the folder; `null`: none asks for glibc. */
export function highestGlibc(
  folder: string,
): { readonly file: string; readonly version: string } | null {
  let highest: { file: string; version: string } | null = null
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (!entry.isFile() || !isElf(file)) continue
    for (const version of glibcVersions(file)) {
      if (highest === null || compareVersions(version, highest.version) > 0)
        highest = { file, version }
    }
  }
  return highest
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

function glibcVersions(file: string): readonly string[] {
  const text = execFileSync('readelf', ['--version-info', '--wide', file], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  const needed = text.slice(text.indexOf('.gnu.version_r'))
  return [...needed.matchAll(/Name: GLIBC_(\d+(?:\.\d+)+)/g)].map(([, version = '0']) => version)
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
