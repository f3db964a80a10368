/** What the packages of one program have of their own; how they are made is the same for all. */
import type { Architecture } from './root.ts'

export interface PackageDescription {
  readonly name: string
  readonly summary: string
  /** One sentence below the summary. */
  readonly detail: string
  /** Its units, `install.sh` and what is its own of `lifecycle.sh` lie here. */
  readonly folder: string
  /** Files an administrator edits, as on the machine: an upgrade leaves them as they are. */
  readonly configFiles: readonly string[]
  /** Beside the C library. */
  readonly debDepends: readonly string[]
  readonly rpmRequires: readonly string[]
  /** The highest format of its data that it reads. */
  readonly format: number
  /** Below the tree: binaries that may ask for newer libraries, because the program runs without. */
  readonly newerBinaries?: readonly string[]
  /** Compressed; more stops the build. */
  readonly mibMax: number
  /** Puts the files below `root` as they lie on a machine. */
  buildTree(root: string, architecture: Architecture): Promise<void>
}
