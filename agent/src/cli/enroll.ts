/** `yiben-agent enroll`: admits this machine to a collector, once. */
import type { Logger, World } from '@yiben/shared'
import type { AgentConfig } from '../config.ts'
import { type Enrolled, enroll } from '../enrollment.ts'
import { readHost } from '../host.ts'
import { ASIDE_FOLDER } from '../state-dir.ts'
import { AGENT_VERSION } from '../version.ts'
import type { CommandResult } from './parse.ts'

const SAID: Readonly<Record<Enrolled['status'], string>> = {
  enrolled: 'Enrolled',
  enrolled_anew: `Enrolled as a node of its own (the disk was a copy, see ${ASIDE_FOLDER}/)`,
  already_enrolled: 'Already enrolled with this token',
}

export interface EnrollCommandOptions {
  readonly config: AgentConfig
  readonly collectorUrl: string
  readonly token: string
  readonly nodeName: string
  /** From the command line, in place of the configured one; `null`: not given. */
  readonly caFile: string | null
  readonly world: World
  readonly log: Logger
  readonly json: boolean
}

export async function runEnroll(options: EnrollCommandOptions): Promise<CommandResult> {
  const { config, world, log } = options
  const { rootPrefix } = config.probes
  const { status, enrollment } = await enroll({
    world,
    log,
    stateDir: config.stateDir,
    collectorUrl: options.collectorUrl,
    token: options.token,
    nodeName: options.nodeName,
    caFile: options.caFile ?? config.collector.caFile,
    keepsCa: options.caFile !== null,
    certFile: config.collector.certFile,
    keyFile: config.collector.keyFile,
    allowsPlain: config.collector.allowsPlain,
    proxyUrl: config.collector.proxyUrl,
    rootPrefix,
    bootId: readHost(rootPrefix).bootId(),
    agentVersion: AGENT_VERSION,
  })
  const { nodeId, collectorUrl } = enrollment
  if (options.json) {
    return { exitCode: 0, stdout: `${JSON.stringify({ status, nodeId, collectorUrl })}\n` }
  }
  return {
    exitCode: 0,
    stdout: `${SAID[status]}: node ${nodeId} at ${collectorUrl}. Start it with \`yiben-agent run\`.\n`,
  }
}
