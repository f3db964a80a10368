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

interface LockedPackage {
  readonly version: string
  readonly integrity: string
}

/** Unpacks the package's files into `folder`, from the installed copy where there is one. */
export function unpackPackage(name: string, folder: string): void {
  mkdirSync(folder, { recursive: true })
  const installed = join(ROOT, 'node_modules', name)
  if (existsSync(join(installed, 'package.json'))) {
    cpSync(installed, folder, { recursive: true, dereference: true })
    return
  }
  const { version, integrity } = lockedPackage(name)
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

function lockedPackage(name: string): LockedPackage {
  const lock: unknown = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const packages = isRecord(lock) && isRecord(lock.packages) ? lock.packages : {}
  const found = packages[`node_modules/${name}`]
  if (isRecord(found) && typeof found.version === 'string' && typeof found.integrity === 'string') {
    return { version: found.version, integrity: found.integrity }
  }
  throw new Error(`${name} is not in package-lock.json`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
