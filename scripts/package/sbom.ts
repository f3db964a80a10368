/**
 * What a package is made of, as CycloneDX 1.5: everything that package-lock.json resolves for the
 * workspace on that architecture, and the Node.js it ships with. No serial number and no date, so
 * that two builds agree. (npm's own `sbom` names the folder, lists every platform and leaves out
 * what is also needed for development.)
 */
import { type Locked, lockedPackages } from './npm-file.ts'
import { type Architecture, VERSION } from './root.ts'

interface Part {
  readonly path: string
  readonly name: string
  readonly locked: Locked
  readonly dependsOn: readonly string[]
}

export function sbomOf(options: {
  readonly workspace: 'agent' | 'collector'
  readonly name: string
  readonly architecture: Architecture
}): string {
  const { workspace, name, architecture } = options
  const parts = partsOf(workspace, architecture)
  const node = lockedPackages()[`node_modules/node-linux-${architecture}`]
  if (node === undefined) throw new Error(`package-lock.json names no Node.js for ${architecture}`)
  const program = { type: 'application', 'bom-ref': name, name, version: VERSION }
  const own = parts.get(workspace)
  const others = [...parts.values()].filter(({ path }) => path !== workspace)
  const components = [
    ...others.map(componentOf),
    {
      ...componentOf({ path: '', name: `node-linux-${architecture}`, locked: node, dependsOn: [] }),
      type: 'platform',
    },
  ]
  const refs = (paths: readonly string[]) =>
    paths
      .map((path) => parts.get(path))
      .filter((part) => part !== undefined)
      .map(refOf)
  const dependencies = [
    { ref: name, dependsOn: refs(own?.dependsOn ?? []) },
    ...others.map((part) => ({ ref: refOf(part), dependsOn: refs(part.dependsOn) })),
  ]
  const properties = [{ name: 'yiben:architecture', value: architecture }]
  const sbom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: program, properties },
    components: components.sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
    dependencies: dependencies.sort((a, b) => (a.ref < b.ref ? -1 : 1)),
  }
  return `${JSON.stringify(sbom, null, 2)}\n`
}

/** All that is reached from the workspace and runs on that architecture, by its place in the lock. */
function partsOf(workspace: string, architecture: Architecture): ReadonlyMap<string, Part> {
  const packages = lockedPackages()
  const parts = new Map<string, Part>()
  const waiting = [workspace]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const locked = packages[path]
    if (locked === undefined || parts.has(path) || !runsOn(locked, architecture)) continue
    const wanted = Object.keys({ ...locked.dependencies, ...locked.optionalDependencies })
    const from = path
    const dependsOn = wanted.flatMap((name) => resolve(packages, from, name) ?? [])
    parts.set(path, { path, name: nameAt(path, locked), locked, dependsOn })
    waiting.push(...dependsOn)
  }
  return parts
}

/** As Node looks for it: beside, then further up; a link leads to a workspace. */
function resolve(
  packages: Readonly<Record<string, Locked>>,
  from: string,
  name: string,
): string | null {
  for (let folder: string | null = from; folder !== null; folder = parentOf(folder)) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    const found = packages[path]
    if (found !== undefined) return found.link === true ? (found.resolved ?? null) : path
  }
  return null
}

function parentOf(path: string): string | null {
  if (path === '') return null
  const at = path.lastIndexOf('/node_modules/')
  return at < 0 ? '' : path.slice(0, at)
}

function runsOn({ os, cpu, libc }: Locked, architecture: Architecture): boolean {
  const fits = (list: readonly string[] | undefined, own: string) =>
    list === undefined || list.includes(own)
  return fits(os, 'linux') && fits(cpu, architecture) && fits(libc, 'glibc')
}

function nameAt(path: string, { name }: Locked): string {
  const at = path.lastIndexOf('node_modules/')
  return at < 0 ? (name ?? path) : path.slice(at + 'node_modules/'.length)
}

function refOf({ name, locked: { version } }: Part): string {
  return `${name}@${version ?? VERSION}`
}

function componentOf(part: Part) {
  const { name, locked } = part
  const version = locked.version ?? VERSION
  const digest = /^sha512-(.+)$/.exec(locked.integrity ?? '')?.[1]
  return {
    type: 'library',
    'bom-ref': refOf(part),
    name,
    version,
    scope: 'required',
    purl: `pkg:npm/${name.replace(/^@/, '%40')}@${version}`,
    ...(digest === undefined
      ? {}
      : { hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }] }),
    ...(locked.license === undefined ? {} : { licenses: [licenceOf(locked.license)] }),
  }
}

/** One name of the SPDX list, or an expression over several. */
function licenceOf(text: string) {
  return /^[A-Za-z0-9.+-]+$/.test(text) ? { license: { id: text } } : { expression: text }
}
