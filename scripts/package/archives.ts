/**
 * One tree, three packages: `.tar.gz` with its own installer, `.deb`, `.rpm`. Each is made by the
 * distribution's own tool, and equal trees give equal bytes.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { GLIBC_MAX } from './glibc.ts'
import type { Architecture } from './root.ts'
import { CONFIG_FILES, settleTree } from './tree.ts'

const HERE = import.meta.dirname
const NAME = 'yiben-agent'
const SUMMARY = 'measures what the accelerators of this machine do'
const MAINTAINER = 'Yiben <yiben@localhost>'
const DEB_ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' } as const
const RPM_ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' } as const

export interface Packaging {
  /** The tree as it lies on a node. */
  readonly tree: string
  readonly scratch: string
  /** Where the packages go. */
  readonly out: string
  readonly version: string
  readonly architecture: Architecture
  readonly epochSeconds: number
}

/** `<name>-<version>-linux-<arch>.tar.gz`: the tree below `files`, install.sh and uninstall.sh. */
export function makeTarball(packaging: Packaging): string {
  const { architecture, epochSeconds, out, scratch, tree, version } = packaging
  const folder = `${NAME}-${version}-linux-${architecture}`
  const root = join(scratch, folder)
  cpSync(tree, join(root, 'files'), { recursive: true })
  for (const name of ['install.sh', 'uninstall.sh', 'account.sh']) {
    copyFileSync(join(HERE, 'agent', name), join(root, name))
    chmodSync(join(root, name), name === 'account.sh' ? 0o644 : 0o755)
  }
  writeFileSync(join(root, 'ARCHITECTURE'), `${RPM_ARCHITECTURES[architecture]}\n`)
  writeFileSync(join(root, 'VERSION'), `${version}\n`)
  settleTree(root, epochSeconds)
  const file = join(out, `${folder}.tar.gz`)
  const tar = [
    ...['--create', '--sort=name', '--format=gnu', '--owner=0', '--group=0', '--numeric-owner'],
    ...[`--mtime=@${epochSeconds}`, '--use-compress-program=gzip -9 -n'],
    ...['--file', file, '--directory', scratch, folder],
  ]
  execFileSync('tar', tar)
  return file
}

export function makeDeb(packaging: Packaging): string {
  const { architecture, epochSeconds, out, scratch, tree, version } = packaging
  const root = join(scratch, 'deb')
  cpSync(tree, root, { recursive: true })
  const control = join(root, 'DEBIAN')
  mkdirSync(control)
  writeFileSync(
    join(control, 'control'),
    [
      `Package: ${NAME}`,
      `Version: ${version}`,
      `Architecture: ${DEB_ARCHITECTURES[architecture]}`,
      `Maintainer: ${MAINTAINER}`,
      `Installed-Size: ${Math.ceil(bytesBelow(tree) / 1024)}`,
      `Depends: libc6 (>= ${GLIBC_MAX}), libstdc++6 (>= 8), passwd`,
      'Section: admin',
      'Priority: optional',
      `Description: ${SUMMARY}`,
      ' Proves when they are free and reports it to a collector. Carries its own Node.js.',
      '',
    ].join('\n'),
  )
  writeFileSync(join(control, 'conffiles'), CONFIG_FILES.map((file) => `${file}\n`).join(''))
  const account = readFileSync(join(HERE, 'agent/account.sh'), 'utf8')
  for (const script of ['postinst', 'prerm', 'postrm'] as const) {
    const text = readFileSync(join(HERE, `agent/deb-${script}.sh`), 'utf8')
    writeFileSync(join(control, script), text.replace('# ACCOUNT\n', account), { mode: 0o755 })
  }
  settleTree(root, epochSeconds)
  const file = join(out, `${NAME}_${version}_${DEB_ARCHITECTURES[architecture]}.deb`)
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', root, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return file
}

export function makeRpm(packaging: Packaging): string {
  const { architecture, epochSeconds, out, scratch, tree, version } = packaging
  const top = join(scratch, 'rpm')
  const files = filesBelow(tree)
    .map((path) => fileLine(path))
    .join('\n')
  const account = readFileSync(join(HERE, 'agent/account.sh'), 'utf8')
  const spec = readFileSync(join(HERE, 'agent/rpm.spec'), 'utf8')
    .replaceAll('@NAME@', NAME)
    .replaceAll('@VERSION@', version.replaceAll('-', '~'))
    .replaceAll('@SUMMARY@', SUMMARY)
    .replaceAll('@GLIBC@', GLIBC_MAX)
    .replaceAll('@TREE@', tree)
    .replace('@ACCOUNT@', account)
    .replace('@FILES@', files)
  mkdirSync(top)
  writeFileSync(join(top, 'agent.spec'), spec)
  const target = RPM_ARCHITECTURES[architecture]
  const defines = [
    ...['--define', `_topdir ${top}`, '--define', '_build_id_links none'],
    ...['--define', 'use_source_date_epoch_as_buildtime 1', '--define', '_buildhost localhost'],
    ...['--define', 'clamp_mtime_to_source_date_epoch 1', '--define', '_rpmfilename %{NAME}.rpm'],
    ...['--define', '_binary_payload w6.xzdio', '--define', '__strip /bin/true'],
  ]
  execFileSync(
    'rpmbuild',
    ['-bb', '--quiet', '--target', target, ...defines, join(top, 'agent.spec')],
    {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const file = join(out, `${NAME}-${version}-1.${target}.rpm`)
  copyFileSync(join(top, 'RPMS', `${NAME}.rpm`), file)
  return file
}

function fileLine(path: string): string {
  if (CONFIG_FILES.some((file) => file === path)) {
    return `%config(noreplace) %attr(0640, root, root) "${path}"`
  }
  return path.startsWith('/usr/share/doc/') ? `%doc "${path}"` : `"${path}"`
}

/** Paths as on the node, sorted. */
function filesBelow(tree: string): readonly string[] {
  return readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(tree.length))
    .sort()
}

function bytesBelow(tree: string): number {
  return filesBelow(tree).reduce((sum, path) => sum + statSync(join(tree, path)).size, 0)
}

export function sizeText(file: string): string {
  return `${basename(file)}  ${(statSync(file).size / 1024 / 1024).toFixed(1)} MiB`
}
