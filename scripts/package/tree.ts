/**
 * A program's files as they lie on a machine, below a root folder: the same tree goes into the
 * archive, the .deb and the .rpm. Everything is dated by the sources, owned by root, and readable by
 * all. The program has `/usr/lib/NAME` and `/usr/share/doc/NAME` to itself.
 */
import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { unpackPackage } from './npm-file.ts'
import { type Architecture, ROOT } from './root.ts'

const DOCUMENTS = ['README.md', 'README.zh-CN.md', 'LICENSE'] as const

/** Where the program itself lies. */
export function homeOf(root: string, name: string): string {
  return join(root, 'usr/lib', name)
}

/** The Node.js it runs on, as `bin/node`. */
export function addNode(root: string, name: string, architecture: Architecture): void {
  const unpacked = join(homeOf(root, name), 'node-package')
  unpackPackage(`node-linux-${architecture}`, unpacked)
  place(root, `usr/lib/${name}/bin/node`, join(unpacked, 'bin/node'), 0o755)
  place(root, `usr/share/doc/${name}/LICENSE.node`, join(unpacked, 'LICENSE'))
  rmSync(unpacked, { recursive: true })
}

/** Only what is loaded at run time: not the sources, not the variant for musl. */
export function addKoffi(root: string, name: string, architecture: Architecture): void {
  const modules = join(homeOf(root, name), 'app/node_modules')
  const koffi = join(modules, 'koffi')
  unpackPackage('koffi', koffi)
  for (const entry of readdirSync(koffi)) {
    const isKept = ['package.json', 'index.js', 'LICENSE.txt', 'src'].includes(entry)
    if (!isKept) rmSync(join(koffi, entry), { recursive: true })
  }
  const sources = readdirSync(join(koffi, 'src'), { recursive: true, withFileTypes: true })
  for (const entry of sources.filter((one) => one.isFile() && !one.name.endsWith('.js'))) {
    rmSync(join(entry.parentPath, entry.name))
  }
  const native = join(modules, `@koromix/koffi-linux-${architecture}`)
  unpackPackage(`@koromix/koffi-linux-${architecture}`, native)
  rmSync(join(native, `musl_${architecture}`), { recursive: true, force: true })
}

/** What there is to read, and these pages of the checkout with it. */
export function addDocuments(root: string, name: string, pages: readonly string[]): void {
  for (const page of [...DOCUMENTS, ...pages]) {
    place(root, `usr/share/doc/${name}/${basename(page)}`, join(ROOT, page))
  }
}

export function place(root: string, path: string, source: string, mode = 0o644): void {
  const target = join(root, path)
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(source, target)
  chmodSync(target, mode)
}

/** Equal trees have equal bytes: modes and dates say nothing of when or where they were built. */
export function settleTree(root: string, epochSeconds: number): void {
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) chmodSync(path, 0o755)
    // Readable and executable by all or by nobody, whatever the umask and the archive said.
    else if (entry.isFile()) chmodSync(path, settledMode(statSync(path).mode))
    lutimesSync(path, epochSeconds, epochSeconds)
  }
  chmodSync(root, 0o755)
  lutimesSync(root, epochSeconds, epochSeconds)
}

/** 0640 is an administrator's file: it stays so. */
function settledMode(mode: number): number {
  if ((mode & 0o777) === 0o640) return 0o640
  return (mode & 0o100) === 0 ? 0o644 : 0o755
}
