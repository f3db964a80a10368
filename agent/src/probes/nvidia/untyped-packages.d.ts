/** Two packages of this folder come without types; only what we call is described. */
declare module 'xml2js' {
  export interface ParserOptions {
    readonly explicitArray?: boolean
    readonly trim?: boolean
  }
  /** Calls back before it returns unless asked to be asynchronous. */
  export function parseString(
    text: string,
    options: ParserOptions,
    callback: (error: Error | null, data: unknown) => void,
  ): void
}

declare module 'node-nvidia-smi' {
  /** `error` is an Error, or what the tool wrote to standard error. */
  function smi(callback: (error: unknown, data?: unknown) => void): void
  export = smi
}
