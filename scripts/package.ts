/**
 * `npm run package -- [--arch x64|arm64] [--out DIR]`: the agent's packages for one architecture,
 * from this checkout: `.tar.gz` with an installer, `.deb`, `.rpm`, and `SHA256SUMS`. Nothing is
 * compiled; binaries come from npm, by the digests of package-lock.json. Equal sources give equal
 * bytes. Needs readelf, dpkg-deb and rpmbuild (Debian: binutils, dpkg-dev, rpm).
 */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { makeDeb, makeRpm, makeTarball, sizeText } from './package/archives.ts'
import { compareVersions, GLIBC_MAX, highestGlibc } from './package/glibc.ts'
import { ARCHITECTURES, type Architecture, ROOT, sourceDateEpoch, VERSION } from './package/root.ts'
import { buildAgentTree, settleTree } from './package/tree.ts'

const USAGE = `npm run package -- [--arch x64|arm64] [--out DIR]

  --arch ARCH   of the nodes it is for (default: both)
  --out DIR     where the packages go (default: dist)`

/** DESIGN: an agent that takes longer than this to copy to a thousand servers is not copied. */
const BYTES_MAX = 60 * 1024 * 1024

async function packageFor(architecture: Architecture, out: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'yiben-package-'))
  try {
    const epochSeconds = sourceDateEpoch()
    const tree = join(scratch, 'tree')
    mkdirSync(tree)
    await buildAgentTree(tree, architecture)
    checkGlibc(tree)
    settleTree(tree, epochSeconds)
    const packaging = { tree, scratch, out, version: VERSION, architecture, epochSeconds }
    for (const file of [makeTarball(packaging), makeDeb(packaging), makeRpm(packaging)]) {
      console.log(sizeText(file))
      if (readFileSync(file).length > BYTES_MAX) throw new Error(`${file} is over 60 MiB`)
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function checkGlibc(tree: string): void {
  const highest = highestGlibc(tree)
  if (highest === null) throw new Error('no binary below the tree asks for glibc')
  const file = relative(tree, highest.file)
  if (compareVersions(highest.version, GLIBC_MAX) > 0) {
    throw new Error(`${file} asks for glibc ${highest.version}: ${GLIBC_MAX} is the most allowed`)
  }
  console.log(`asks for glibc ${highest.version} at most (${file})`)
}

/** As `sha256sum --check` reads them. */
function writeSums(out: string): void {
  const lines = readdirSync(out)
    .filter((name) => /\.(tar\.gz|deb|rpm)$/.test(name))
    .sort()
    .map((name) => {
      const digest = createHash('sha256')
        .update(readFileSync(join(out, name)))
        .digest('hex')
      return `${digest}  ${basename(name)}\n`
    })
  writeFileSync(join(out, 'SHA256SUMS'), lines.join(''))
}

const { values } = parseArgs({
  options: {
    arch: { type: 'string' },
    out: { type: 'string', default: join(ROOT, 'dist') },
    help: { type: 'boolean', default: false },
  },
})
const architectures = ARCHITECTURES.filter(
  (one) => values.arch === undefined || one === values.arch,
)
if (values.help) console.log(USAGE)
else if (architectures.length === 0) {
  console.error(`--arch is x64 or arm64\n${USAGE}`)
  process.exitCode = 2
} else {
  const out = resolve(values.out)
  mkdirSync(out, { recursive: true })
  for (const architecture of architectures) await packageFor(architecture, out)
  writeSums(out)
}
