/**
 * Fake vendor tools: shell scripts in a folder of their own, found before anything on the machine.
 * A tool answers by its arguments, or runs any script (hangs, floods, vanishes).
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@yiben/shared'
import { createToolRunner, type StoppableToolRunner } from '../../agent/src/exec.ts'
import type { ProbeContext } from '../../agent/src/probes/probe.ts'
import { createRealWorld } from '../../shared/src/real-world.ts'

export interface ToolAnswer {
  /** Matched against the arguments joined by blanks, as a shell pattern (`*--query-gpu*`). */
  readonly when: string
  readonly stdout?: string
  readonly exitCode?: number
}

export class ToolBox implements Disposable {
  readonly folder: string
  readonly #runners: StoppableToolRunner[] = []

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'yiben-tools-'))
    mkdirSync(join(this.folder, 'bin'))
  }

  get toolPath(): string {
    return join(this.folder, 'bin')
  }

  /** Any script; `mode` 0o644 makes one that may not be executed. */
  script(tool: string, body: string, mode = 0o755): void {
    const path = join(this.toolPath, tool)
    // Written beside and moved into place, so that a running copy is never overwritten.
    rmSync(path, { force: true })
    writeFileSync(path, `#!/bin/sh\n${body}\n`)
    chmodSync(path, mode)
  }

  /** Answers by arguments, in order; each call is noted in `calls()`. Unmatched: exit code 64. */
  answers(tool: string, answers: readonly ToolAnswer[]): void {
    const cases = answers.map(({ when, stdout = '', exitCode = 0 }, at) => {
      const file = join(this.folder, `${tool}.${at}.out`)
      writeFileSync(file, stdout)
      return `${when.replaceAll(' ', '\\ ')}) cat '${file}'; exit ${exitCode};;`
    })
    this.script(
      tool,
      `echo "$*" >> '${join(this.folder, `${tool}.calls`)}'\ncase "$*" in\n${cases.join('\n')}\nesac\nexit 64`,
    )
  }

  /** Argument lines of every call so far. */
  calls(tool: string): string[] {
    const path = join(this.folder, `${tool}.calls`)
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
  }

  /** A file that a script of this box has written. */
  note(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8')
  }

  remove(tool: string): void {
    rmSync(join(this.toolPath, tool), { force: true })
  }

  runner(): StoppableToolRunner {
    const { clock } = createRealWorld()
    const runner = createToolRunner({
      clock,
      toolPath: [this.toolPath],
      env: { PATH: '/usr/bin:/bin' },
    })
    this.#runners.push(runner)
    return runner
  }

  context(overrides: Partial<ProbeContext> = {}): ProbeContext {
    return {
      exec: this.runner(),
      clock: createRealWorld().clock,
      log: silentLogger,
      rootPrefix: this.folder,
      toolPath: [this.toolPath],
      nvmlLibrary: join(this.folder, 'no-such-library.so'),
      ...overrides,
    }
  }

  [Symbol.dispose](): void {
    for (const runner of this.#runners) runner.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
