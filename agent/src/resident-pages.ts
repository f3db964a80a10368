/**
 * Lets go of the pages of the program's own file that only its start has needed. The kernel maps
 * pages of Node.js around each one that is touched, and keeps them mapped: of 50 MiB the daemon
 * goes on using a third. Unmapped they are cache, which the machine can take; one that is needed
 * again is mapped again, with the same bytes.
 *
 * Promises: only mappings of the program's own file are touched, that nobody can write to and of
 * which no page is the process's own (a relocated one would lose its content). Linux; anywhere else
 * nothing happens.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { type Clock, errorSentence, type Logger, type Timer } from '@yiben/shared'

const MADV_DONTNEED = 4
/** By then the tools have answered, and the link is up. */
const FIRST_AFTER_MS = 60_000
/** What happens rarely maps pages too. */
const EVERY_MS = 3_600_000

export interface PageRange {
  readonly address: bigint
  readonly bytes: bigint
}

/** Once after the start and then every hour, until it is cancelled. */
export function releasePagesFromTimeToTime(clock: Clock, log: Logger): Timer {
  let timer = clock.after(FIRST_AFTER_MS, release)
  let isCancelled = false
  function release(): void {
    releasePages().then(
      (bytes) => log.debug({ bytes }, 'pages that only the start has needed were let go'),
      (error: unknown) => log.warn({ reason: errorSentence(error) }, 'no pages can be let go'),
    )
    if (!isCancelled) timer = clock.after(EVERY_MS, release)
  }
  return {
    cancel: () => {
      isCancelled = true
      timer.cancel()
    },
  }
}

/** How many bytes of address space were let go. */
export async function releasePages(): Promise<number> {
  if (process.platform !== 'linux') return 0
  const { load } = (await import('koffi')).default
  const madvise = load('libc.so.6').func(
    'int madvise(uintptr_t address, size_t length, int advice)',
  )
  let released = 0
  // Read and let go in one turn: in between no mapping can change its nature.
  const ranges = releasableRanges(readFileSync('/proc/self/smaps', 'utf8'), ownFile())
  for (const { address, bytes } of ranges) {
    const result: number = madvise(address, bytes, MADV_DONTNEED)
    if (result === 0) released += Number(bytes)
  }
  return released
}

/** Of `/proc/self/smaps`: what is mapped of the file, read only and as it is on the disk. */
export function releasableRanges(smaps: string, file: string): readonly PageRange[] {
  return smaps.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/).flatMap((mapping) => {
    const [, from, to, mode, path] =
      /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ +(\/.*)$/m.exec(mapping) ?? []
    if (from === undefined || to === undefined || path !== file) return []
    const isOwn = ['Private_Dirty', 'Anonymous', 'Swap'].some((name) => kibOf(mapping, name) !== 0)
    if (mode?.[1] !== '-' || isOwn) return []
    const address = BigInt(`0x${from}`)
    return [{ address, bytes: BigInt(`0x${to}`) - address }]
  })
}

/** `null` where the kernel tells none: then nothing is known of the mapping, and it is left alone. */
function kibOf(mapping: string, name: string): number | null {
  const [, kib] = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(mapping) ?? []
  return kib === undefined ? null : Number(kib)
}

/** As the kernel writes it among the mappings, `(deleted)` included where an upgrade replaced it. */
function ownFile(): string {
  return readlinkSync('/proc/self/exe')
}
