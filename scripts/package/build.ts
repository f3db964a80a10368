/**
 * Packages of one program for one architecture, from this checkout into a folder: each binary's
 * needs and each file's size are held to what the package promises.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { makeDeb, makeRpm, makeTarball, type Packaging } from './archives.ts'
import type { PackageDescription } from './description.ts'
import { compareVersions, isTooNew, type Need, needsBelow } from './glibc.ts'
import { type Architecture, sourceDateEpoch, VERSION } from './root.ts'
import { settleTree } from './tree.ts'

/** The three files of one program and architecture. */
export async function buildPackages(options: {
  readonly description: PackageDescription
  readonly architecture: Architecture
  readonly out: string
  readonly say: (line: string) => void
}): Promise<readonly string[]> {
  const { description, architecture, out, say } = options
  // Modes are those of the sources, whoever builds.
  process.umask(0o022)
  const scratch = mkdtempSync(join(tmpdir(), 'yiben-package-'))
  try {
    const epochSeconds = sourceDateEpoch()
    const tree = join(scratch, 'tree')
    mkdirSync(tree)
    await description.buildTree(tree, architecture)
    say(`${description.name} ${architecture}: ${describeNeeds(tree, description)}`)
    settleTree(tree, epochSeconds)
    const packaging: Packaging = {
      ...{ description, tree, scratch, out, architecture, epochSeconds },
      version: VERSION,
      compression: 'small',
    }
    const files = [makeTarball(packaging), makeDeb(packaging), makeRpm(packaging)]
    for (const file of files) {
      const mib = readFileSync(file).length / 1024 / 1024
      say(`  ${relative(out, file)}  ${mib.toFixed(1)} MiB`)
      if (mib > description.mibMax) {
        throw new Error(`${file} is over ${description.mibMax} MiB`)
      }
    }
    return files
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

export function sha256Of(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

/** Throws where a binary asks for more than the oldest machine has. */
function describeNeeds(tree: string, { newerBinaries = [] }: PackageDescription): string {
  const needs = needsBelow(tree).filter(
    ({ file }) => !newerBinaries.some((place) => file.includes(place)),
  )
  for (const need of needs.filter(isTooNew)) {
    const { file, library, version } = need
    throw new Error(`${relative(tree, file)} asks for ${library} ${version}: too new`)
  }
  const highest = new Map<string, Need>()
  for (const need of needs) {
    const before = highest.get(need.library)
    if (before === undefined || compareVersions(need.version, before.version) > 0) {
      highest.set(need.library, need)
    }
  }
  if (!highest.has('GLIBC')) throw new Error('no binary below the tree asks for glibc')
  const told = [...highest.values()].map(({ library, version }) => `${library} ${version}`)
  const binaries = new Set(needs.map(({ file }) => file)).size
  return `${binaries} binaries, which ask for ${told.sort().join(', ')} at most`
}
