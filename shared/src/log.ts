/**
 * The logger every part is handed. error = data lost or a person must act; warn = unexpected,
 * nothing lost; info = life cycle; debug = per tick. Constant message, values as fields with units.
 */
import { type DestinationStream, pino } from 'pino'

export interface Logger {
  error(fields: object, message: string): void
  warn(fields: object, message: string): void
  info(fields: object, message: string): void
  debug(fields: object, message: string): void
  child(bindings: object): Logger
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Fields that never reach a log, whoever logs them. */
const REDACTED = [
  'token',
  'secret',
  'privateKey',
  'authorization',
  '*.token',
  '*.secret',
  '*.privateKey',
]

/** JSON lines on standard error, so that standard output stays for answers. */
export function createLogger(
  level: LogLevel,
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '[redacted]' },
    },
    destination,
  )
}

/** Says nothing; for tests and one-shot commands. */
export const silentLogger: Logger = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLogger,
}
