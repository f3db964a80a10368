/** The version of this program, as told in hello, facts and `--version`; that of package.json. */
export const AGENT_VERSION = '0.1.0'
