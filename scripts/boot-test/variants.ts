/**
 * The agent's packages as of this checkout, and of versions that there are not yet: the next one,
 * one that ends before it is ready, one that never becomes ready.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AGENT_PACKAGE } from '../package/agent.ts'
import { makeDeb, makeRpm, makeTarball } from '../package/archives.ts'
import type { PackageDescription } from '../package/description.ts'
import { type Architecture, VERSION } from '../package/root.ts'
import { settleTree } from '../package/tree.ts'

export const VARIANTS = {
  own: { version: VERSION, body: null },
  next: { version: '0.8.0', body: null },
  broken: { version: '0.9.0', body: "throw new Error('this version is broken')" },
  hung: { version: '0.9.1', body: 'setInterval(() => {}, 1000)' },
} as const
export type Variant = keyof typeof VARIANTS

export interface VariantFiles {
  readonly deb: string
  readonly rpm: string
  readonly tarball: string
}

const APP = 'usr/lib/yiben-agent/app'
const ENTRY = `${APP}/yiben-agent.mjs`
const EPOCH_SECONDS = 1_700_000_000

export const OWN_ARCHITECTURE: Architecture = process.arch === 'arm64' ? 'arm64' : 'x64'

/** The archive and the .deb of a program as of this checkout, quickly squeezed. */
export async function buildOwn(
  description: PackageDescription,
  options: { readonly folder: string; readonly architecture: Architecture },
): Promise<Pick<VariantFiles, 'deb' | 'tarball'>> {
  const { architecture, folder } = options
  const scratch = join(folder, `${description.name}-${architecture}`)
  const tree = join(scratch, 'tree')
  mkdirSync(tree, { recursive: true })
  await description.buildTree(tree, architecture)
  settleTree(tree, EPOCH_SECONDS)
  const packaging = {
    ...{ description, tree, scratch, out: folder, architecture, version: VERSION },
    ...{ epochSeconds: EPOCH_SECONDS, compression: 'quick' as const },
  }
  return { deb: makeDeb(packaging), tarball: makeTarball(packaging) }
}

/** Their files below `folder`, of this machine's architecture. */
export async function buildVariants(folder: string): Promise<Record<Variant, VariantFiles>> {
  const architecture = OWN_ARCHITECTURE
  const own = join(folder, 'tree')
  mkdirSync(own)
  await AGENT_PACKAGE.buildTree(own, architecture)
  const make = (variant: Variant): VariantFiles => {
    const { version, body } = VARIANTS[variant]
    const scratch = join(folder, variant)
    const tree = join(scratch, 'tree')
    mkdirSync(scratch)
    cpSync(own, tree, { recursive: true })
    setVersion(tree, version, body)
    // A date of its own for each: equal dates and sizes look like equal files to some tools.
    const epochSeconds = EPOCH_SECONDS + Object.keys(VARIANTS).indexOf(variant)
    settleTree(tree, epochSeconds)
    const packaging = {
      ...{ description: AGENT_PACKAGE, tree, scratch, out: folder, architecture },
      ...{ version, epochSeconds, compression: 'quick' as const },
    }
    return { deb: makeDeb(packaging), rpm: makeRpm(packaging), tarball: makeTarball(packaging) }
  }
  return { own: make('own'), next: make('next'), broken: make('broken'), hung: make('hung') }
}

function setVersion(tree: string, version: string, body: string | null): void {
  writeFileSync(join(tree, 'usr/lib/yiben-agent/VERSION'), `${version}\n`)
  if (body !== null) {
    // Runs for long enough to say its version, as a bad build does.
    const says = `if (process.argv.includes('--version')) console.log('${version}')\nelse ${body}\n`
    writeFileSync(join(tree, ENTRY), says)
    return
  }
  for (const file of readdirSync(join(tree, APP), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.mjs')) continue
    const path = join(tree, APP, file)
    const text = readFileSync(path, 'utf8')
    const changed = text.replace(`AGENT_VERSION="${VERSION}"`, `AGENT_VERSION="${version}"`)
    if (changed !== text) writeFileSync(path, changed)
  }
}
