/**
 * One tree, three packages: `.tar.gz` with its own installer, `.deb`, `.rpm`. Each is made by the
 * distribution's own tool, and equal trees give equal bytes.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PackageDescription } from './description.ts'
import { GLIBC_MAX } from './glibc.ts'
import type { Architecture } from './root.ts'
import { placeScripts, scriptOf } from './scripts.ts'
import { settleTree } from './tree.ts'

const MAINTAINER = 'Yiben <yiben@localhost>'
const DEB_ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' } as const
const RPM_ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' } as const
const DEB_SCRIPTS = ['preinst', 'postinst', 'prerm', 'postrm'] as const

export interface Packaging {
  readonly description: PackageDescription
  /** The tree as it lies on a node. */
  readonly tree: string
  readonly scratch: string
  /** Where the packages go. */
  readonly out: string
  readonly version: string
  readonly architecture: Architecture
  readonly epochSeconds: number
  /** Small for those who copy it, quick for those who try it out. */
  readonly compression: 'small' | 'quick'
}

/** `<name>-<version>-linux-<arch>.tar.gz`: the tree below `files`, install.sh and uninstall.sh. */
export function makeTarball(packaging: Packaging): string {
  const { architecture, compression, description, epochSeconds, out, scratch, tree, version } =
    packaging
  const folder = `${description.name}-${version}-linux-${architecture}`
  const root = join(scratch, folder)
  cpSync(tree, join(root, 'files'), { recursive: true })
  placeScripts(description, root)
  writeFileSync(join(root, 'ARCHITECTURE'), `${RPM_ARCHITECTURES[architecture]}\n`)
  writeFileSync(join(root, 'VERSION'), `${version}\n`)
  settleTree(root, epochSeconds)
  const file = join(out, `${folder}.tar.gz`)
  const tar = [
    ...['--create', '--sort=name', '--format=gnu', '--owner=0', '--group=0', '--numeric-owner'],
    `--mtime=@${epochSeconds}`,
    `--use-compress-program=gzip -${compression === 'small' ? 9 : 1} -n`,
    ...['--file', file, '--directory', scratch, folder],
  ]
  execFileSync('tar', tar)
  return file
}

export function makeDeb(packaging: Packaging): string {
  const { architecture, compression, description, epochSeconds, out, scratch, tree, version } =
    packaging
  const root = join(scratch, 'deb')
  cpSync(tree, root, { recursive: true })
  const control = join(root, 'DEBIAN')
  mkdirSync(control)
  const depends = [`libc6 (>= ${GLIBC_MAX})`, ...description.debDepends]
  writeFileSync(
    join(control, 'control'),
    [
      `Package: ${description.name}`,
      `Version: ${version}`,
      `Architecture: ${DEB_ARCHITECTURES[architecture]}`,
      `Maintainer: ${MAINTAINER}`,
      `Installed-Size: ${Math.ceil(bytesBelow(tree) / 1024)}`,
      `Depends: ${depends.join(', ')}`,
      'Section: admin',
      'Priority: optional',
      `Description: ${description.summary}`,
      ` ${description.detail}`,
      '',
    ].join('\n'),
  )
  const { configFiles } = description
  writeFileSync(join(control, 'conffiles'), configFiles.map((file) => `${file}\n`).join(''))
  for (const script of DEB_SCRIPTS) {
    writeFileSync(join(control, script), scriptText(packaging, `deb-${script}.sh`), { mode: 0o755 })
  }
  settleTree(root, epochSeconds)
  const file = join(out, `${description.name}_${version}_${DEB_ARCHITECTURES[architecture]}.deb`)
  const squeeze = compression === 'small' ? ['-Zxz', '--threads-max=1'] : ['-Zgzip', '-z1']
  execFileSync('dpkg-deb', ['--root-owner-group', ...squeeze, '--build', root, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return file
}

export function makeRpm(packaging: Packaging): string {
  const { architecture, compression, description, epochSeconds, out, scratch, tree } = packaging
  const top = join(scratch, 'rpm')
  const files = [
    ...ownFolders(packaging).map((path) => `%dir "${path}"`),
    ...filesBelow(tree).map((path) => fileLine(description, path)),
  ]
  const requires = [`glibc >= ${GLIBC_MAX}`, ...description.rpmRequires]
  const spec = scriptText(packaging, 'rpm.spec')
    .replaceAll('@NAME@', description.name)
    .replaceAll('@SUMMARY@', description.summary)
    .replaceAll('@DETAIL@', description.detail)
    .replaceAll('@REQUIRES@', requires.join(', '))
    .replaceAll('@TREE@', tree)
    .replace('@FILES@', () => files.join('\n'))
  mkdirSync(top)
  writeFileSync(join(top, 'package.spec'), spec)
  const target = RPM_ARCHITECTURES[architecture]
  const defines = [
    ...['--define', `_topdir ${top}`, '--define', '_build_id_links none'],
    ...['--define', 'use_source_date_epoch_as_buildtime 1', '--define', '_buildhost localhost'],
    ...['--define', 'clamp_mtime_to_source_date_epoch 1', '--define', '_rpmfilename %{NAME}.rpm'],
    ...['--define', `_binary_payload ${compression === 'small' ? 'w6.xzdio' : 'w1.gzdio'}`],
    ...['--define', '__strip /bin/true'],
  ]
  execFileSync(
    'rpmbuild',
    ['-bb', '--quiet', '--target', target, ...defines, join(top, 'package.spec')],
    {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const file = join(out, `${description.name}-${rpmVersion(packaging)}-1.${target}.rpm`)
  copyFileSync(join(top, 'RPMS', `${description.name}.rpm`), file)
  return file
}

/** A script of the package with the facts of this build. */
function scriptText(packaging: Packaging, name: string): string {
  const { description, version } = packaging
  let text = scriptOf(description, name)
  if (text === null) throw new Error(`${description.name} has no ${name}`)
  const values = {
    VERSION: version,
    RPM_VERSION: rpmVersion(packaging),
    FORMAT: String(description.format),
  }
  for (const [key, value] of Object.entries(values)) text = text.replaceAll(`@${key}@`, () => value)
  return text
}

/** A hyphen parts version and release there. */
function rpmVersion({ version }: Packaging): string {
  return version.replaceAll('-', '~')
}

function fileLine({ configFiles }: PackageDescription, path: string): string {
  if (configFiles.includes(path)) return `%config(noreplace) %attr(0640, root, root) "${path}"`
  return path.startsWith('/usr/share/doc/') ? `%doc "${path}"` : `"${path}"`
}

/** Those that no other package has, as on the node: they go with the last of their files. */
function ownFolders({ description, tree }: Packaging): readonly string[] {
  return [`/usr/lib/${description.name}`, `/usr/share/doc/${description.name}`].flatMap(
    (folder) => [
      folder,
      ...readdirSync(join(tree, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(tree.length))
        .sort(),
    ],
  )
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
