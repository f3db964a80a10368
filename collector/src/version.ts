/** The version of this program, as `--version` says it; that of package.json. */
export const COLLECTOR_VERSION = '0.1.0'
