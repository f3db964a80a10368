/** The agent's package: what it is called, what it asks for, and its files. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SPOOL_FORMAT } from '../../shared/src/spool/database.ts'
import { bundleProgram } from './bundle.ts'
import type { PackageDescription } from './description.ts'
import { type Architecture, VERSION } from './root.ts'
import { sbomOf } from './sbom.ts'
import { addDocuments, addKoffi, addNode, homeOf, place } from './tree.ts'

const NAME = 'yiben-agent'
const FOLDER = join(import.meta.dirname, 'agent')
const UNITS = ['yiben-agent.service', 'yiben-agent-enroll.service'] as const

export const AGENT_PACKAGE: PackageDescription = {
  name: NAME,
  summary: 'measures what the accelerators of this machine do',
  detail: 'Proves when they are free and reports it to a collector. Carries its own Node.js.',
  folder: FOLDER,
  configFiles: ['/etc/yiben/agent.yaml'],
  debDepends: ['libstdc++6 (>= 7)', 'passwd'],
  rpmRequires: ['libstdc++', 'shadow-utils', 'systemd', 'util-linux'],
  format: SPOOL_FORMAT,
  // One that takes longer than this to copy to a thousand servers is not copied.
  mibMax: 60,
  buildTree,
}

async function buildTree(root: string, architecture: Architecture): Promise<void> {
  const home = homeOf(root, NAME)
  mkdirSync(home, { recursive: true })
  await bundleProgram({
    name: NAME,
    entry: 'agent/src/main.ts',
    folder: join(home, 'app'),
    external: ['koffi'],
  })
  addNode(root, NAME, architecture)
  addKoffi(root, NAME, architecture)
  place(root, `usr/bin/${NAME}`, join(FOLDER, `${NAME}.sh`), 0o755)
  for (const unit of UNITS) place(root, `usr/lib/systemd/system/${unit}`, join(FOLDER, unit))
  place(root, 'etc/yiben/agent.yaml', join(FOLDER, 'agent.yaml'), 0o640)
  addDocuments(root, NAME, ['docs/vendors.md', 'docs/install.md'])
  writeFileSync(join(home, 'VERSION'), `${VERSION}\n`)
  // What this version reads of a spool: an older one refuses to be put over a newer one's records.
  writeFileSync(join(home, 'SPOOL_FORMAT'), `${SPOOL_FORMAT}\n`)
  const sbom = sbomOf({ workspace: 'agent', name: NAME, architecture })
  writeFileSync(join(root, 'usr/share/doc', NAME, 'sbom.cdx.json'), sbom)
}
