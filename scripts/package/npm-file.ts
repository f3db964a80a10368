/**
 * Files of npm packages for another machine's architecture: npm installs only this one's. What is
 * downloaded is exactly what package-lock.json names, by its SHA-512; nothing is run.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './root.ts'

/** What package-lock.json says of one place. */
export interface Locked {
  readonly name?: string
  readonly version?: string
  readonly integrity?: string
  readonly license?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Unpacks the package's files into `folder`, from the installed copy where there is one. */
export function unpackPackage(name: string, folder: string): void {
  mkdirSync(folder, { recursive: true })
  const installed = join(ROOT, 'node_modules', name)
  if (existsSync(join(installed, 'package.json'))) {
    cpSync(installed, folder, { recursive: true, dereference: true })
    return
  }
  const { version, integrity } = lockedPackages()[`node_modules/${name}`] ?? {}
  if (version === undefined || integrity === undefined) {
    throw new Error(`${name} is not in package-lock.json`)
  }
  const download = mkdtempSync(join(tmpdir(), 'yiben-package-'))
  try {
    const file = execFileSync('npm', ['pack', `${name}@${version}`, '--silent'], {
      cwd: download,
      encoding: 'utf8',
    }).trim()
    const archive = join(download, file)
    const digest = createHash('sha512').update(readFileSync(archive)).digest('base64')
    if (`sha512-${digest}` !== integrity) {
      throw new Error(`${name}@${version} is not what package-lock.json names`)
    }
    execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'])
  } finally {
    rmSync(download, { recursive: true, force: true })
  }
}

/** By the place where it is installed. The file is npm's own, of this checkout. */
export function lockedPackages(): Readonly<Record<string, Locked>> {
  const lock: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(
    readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
  )
  return lock.packages
}
