/**
 * The agent's files as they lie on a node, below a root folder: the same tree goes into the archive,
 * the .deb and the .rpm. Everything is dated by the sources, owned by root, and readable by all.
 */
import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { bundleProgram } from './bundle.ts'
import { unpackPackage } from './npm-file.ts'
import { type Architecture, ROOT, VERSION } from './root.ts'
import { sbomOf } from './sbom.ts'

const HERE = import.meta.dirname
const HOME = 'usr/lib/yiben-agent'
const DOC = 'usr/share/doc/yiben-agent'

/** Files an administrator edits: an upgrade leaves them as they are. */
export const CONFIG_FILES = ['/etc/yiben/agent.yaml'] as const

export async function buildAgentTree(root: string, architecture: Architecture): Promise<void> {
  const app = join(root, HOME, 'app')
  await bundleProgram({
    name: 'yiben-agent',
    entry: 'agent/src/main.ts',
    folder: app,
    external: ['koffi'],
  })
  addNode(root, architecture)
  addKoffi(join(app, 'node_modules'), architecture)
  place(root, 'usr/bin/yiben-agent', join(HERE, 'agent/yiben-agent.sh'), 0o755)
  place(root, 'usr/lib/systemd/system/yiben-agent.service', join(HERE, 'agent/yiben-agent.service'))
  const enroll = 'yiben-agent-enroll.service'
  place(root, `usr/lib/systemd/system/${enroll}`, join(HERE, 'agent', enroll))
  place(root, 'etc/yiben/agent.yaml', join(HERE, 'agent/agent.yaml'), 0o640)
  for (const name of ['README.md', 'README.zh-CN.md', 'LICENSE']) {
    place(root, `${DOC}/${name}`, join(ROOT, name))
  }
  place(root, `${DOC}/vendors.md`, join(ROOT, 'docs/vendors.md'))
  writeFileSync(join(root, HOME, 'VERSION'), `${VERSION}\n`)
  writeFileSync(join(root, DOC, 'sbom.cdx.json'), sbomOf('agent', architecture))
}

function addNode(root: string, architecture: Architecture): void {
  const unpacked = join(root, HOME, 'node-package')
  unpackPackage(`node-linux-${architecture}`, unpacked)
  place(root, `${HOME}/bin/node`, join(unpacked, 'bin/node'), 0o755)
  place(root, `${DOC}/LICENSE.node`, join(unpacked, 'LICENSE'))
  rmSync(unpacked, { recursive: true })
}

/** Only what is loaded at run time: not the sources, not the variant for musl. */
function addKoffi(modules: string, architecture: Architecture): void {
  const koffi = join(modules, 'koffi')
  unpackPackage('koffi', koffi)
  for (const entry of readdirSync(koffi)) {
    const isKept = ['package.json', 'index.js', 'LICENSE.txt', 'src'].includes(entry)
    if (!isKept) rmSync(join(koffi, entry), { recursive: true })
  }
  for (const entry of readdirSync(join(koffi, 'src/koffi'), { withFileTypes: true })) {
    const isKept = entry.isFile() && entry.name.endsWith('.js')
    if (!isKept) rmSync(join(koffi, 'src/koffi', entry.name), { recursive: true })
  }
  const native = join(modules, `@koromix/koffi-linux-${architecture}`)
  unpackPackage(`@koromix/koffi-linux-${architecture}`, native)
  rmSync(join(native, `musl_${architecture}`), { recursive: true, force: true })
}

function place(root: string, path: string, source: string, mode = 0o644): void {
  const target = join(root, path)
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(source, target)
  chmodSync(target, mode)
}

/** Equal trees have equal bytes: modes and dates say nothing of when or where they were built. */
export function settleTree(root: string, epochSeconds: number): void {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) chmodSync(path, 0o755)
    lutimesSync(path, epochSeconds, epochSeconds)
  }
  chmodSync(root, 0o755)
  lutimesSync(root, epochSeconds, epochSeconds)
}
