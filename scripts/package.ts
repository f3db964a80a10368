/**
 * `npm run package -- [--arch x64|arm64] [--out DIR] [--check]`: the packages of this checkout:
 * `.tar.gz` with an installer, `.deb`, `.rpm`, and `SHA256SUMS`. Nothing is compiled; binaries come
 * from npm, by the digests of package-lock.json. Equal sources give equal bytes. Needs readelf,
 * dpkg-deb and rpmbuild (Debian: binutils, dpkg-dev, rpm).
 */

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { AGENT_PACKAGE } from './package/agent.ts'
import { buildPackages, sha256Of } from './package/build.ts'
import { COLLECTOR_PACKAGE } from './package/collector-tree.ts'
import { ARCHITECTURES, ROOT, sourceDateEpoch } from './package/root.ts'

const PACKAGES = [AGENT_PACKAGE, COLLECTOR_PACKAGE] as const

const USAGE = `npm run package -- [--package NAME] [--arch x64|arm64] [--out DIR] [--check]

  --package NAME  ${PACKAGES.map(({ name }) => name).join(' or ')} (default: all)
  --arch ARCH     of the machines it is for (default: both)
  --out DIR       where the packages go (default: dist)
  --check         build once more from a copy of the sources in another folder; fails where a
                  byte differs`

const { values } = parseArgs({
  options: {
    package: { type: 'string' },
    arch: { type: 'string' },
    out: { type: 'string', default: join(ROOT, 'dist') },
    check: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const packages = PACKAGES.filter(({ name }) => (values.package ?? name) === name)
const architectures = ARCHITECTURES.filter((one) => (values.arch ?? one) === one)
if (values.help) console.log(USAGE)
else if (packages.length === 0 || architectures.length === 0) {
  console.error(USAGE)
  process.exitCode = 2
} else {
  const out = resolve(values.out)
  mkdirSync(out, { recursive: true })
  const files: string[] = []
  for (const description of packages) {
    for (const architecture of architectures) {
      const say = console.log
      files.push(...(await buildPackages({ description, architecture, out, say })))
    }
  }
  writeSums(out)
  if (values.check) checkReproducible(files)
}

/** As `sha256sum --check` reads them. */
function writeSums(out: string): void {
  const lines = readdirSync(out)
    .filter((name) => /\.(tar\.gz|deb|rpm)$/.test(name))
    .sort()
    .map((name) => `${sha256Of(join(out, name))}  ${name}\n`)
  writeFileSync(join(out, 'SHA256SUMS'), lines.join(''))
}

/** Another folder, another process, other dates of the files, another umask: the same bytes. */
function checkReproducible(files: readonly string[]): void {
  const scratch = mkdtempSync(join(tmpdir(), 'yiben-again-'))
  try {
    const copy = join(scratch, 'a', 'checkout of its own')
    // A workspace may have libraries of its own: those come along.
    const left = ['node_modules', '.git', 'dist', 'artifacts'].map((name) => join(ROOT, name))
    cpSync(ROOT, copy, { recursive: true, filter: (path) => !left.includes(path) })
    // Links where they can be made: half a gigabyte of libraries is not what differs.
    execFileSync('sh', [
      '-c',
      'cp -al "$0" "$1" 2>/dev/null || cp -a "$0" "$1"',
      join(ROOT, 'node_modules'),
      copy,
    ])
    const again = join(scratch, 'again')
    const args = ['scripts/package.ts', '--out', again]
    if (values.package !== undefined) args.push('--package', values.package)
    if (values.arch !== undefined) args.push('--arch', values.arch)
    execFileSync('sh', ['-c', 'umask 077; exec "$0" "$@"', process.execPath, ...args], {
      cwd: copy,
      env: { ...process.env, SOURCE_DATE_EPOCH: String(sourceDateEpoch()), TZ: 'Asia/Shanghai' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    for (const file of files) {
      const other = join(again, basename(file))
      if (sha256Of(file) !== sha256Of(other)) throw new Error(`${basename(file)} differs`)
    }
    console.log(`${files.length} files: the same bytes when built again in another folder`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
