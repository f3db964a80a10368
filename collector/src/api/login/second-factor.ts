/**
 * The second factor: codes by time (RFC 6238: SHA-1, six digits, 30 s, as every authenticator makes
 * them) and recovery codes that each work once. A code is counted before it is looked at, so that
 * tries at the same moment share no count; a step that was taken is never taken again.
 */
import { AppError, type Clock, labelledHash, type Random } from '@yiben/shared'
import { Secret, TOTP } from 'otpauth'
import type { FactorUse, SecondFactor } from '../../storage/access-store.ts'
import type { Store } from '../../storage/store.ts'
import type { SecretBox } from './secret-box.ts'

const ISSUER = 'Yiben'
/** As long as the hash's output: what RFC 4226 asks for. */
const SECRET_BYTES = 20
/** Clocks of telephones: the step before and the one after are taken too. */
const STEPS_AROUND = 1
const RECOVERY_CODES = 10
const RECOVERY_BYTES = 10
const ATTEMPTS_MAX = 5
const FACTOR_LOCK_MS = 5 * 60_000

type FactorStore = Pick<
  Store,
  'findSecondFactor' | 'enrollSecondFactor' | 'trySecondFactor' | 'useSecondFactor'
>

/** Shown once. */
interface Enrolment {
  /** Base 32, as people type it into an authenticator. */
  readonly secret: string
  readonly uri: string
  readonly recoveryCodes: readonly string[]
}

export class SecondFactors {
  readonly #store: FactorStore
  readonly #clock: Clock
  readonly #random: Random
  readonly #box: SecretBox

  constructor(parts: {
    readonly store: FactorStore
    readonly clock: Clock
    readonly random: Random
    readonly box: SecretBox
  }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#random = parts.random
    this.#box = parts.box
  }

  /** Its owner has shown that it works. */
  async isEnrolled(subject: string): Promise<boolean> {
    return ((await this.#store.findSecondFactor(subject))?.confirmedAtMs ?? null) !== null
  }

  /** Makes a new one, in place of one that was never confirmed. */
  async enroll(subject: string, label: string): Promise<Enrolment> {
    const secret = this.#random.bytes(SECRET_BYTES)
    const recoveryCodes = Array.from({ length: RECOVERY_CODES }, () =>
      recoveryText(this.#random.bytes(RECOVERY_BYTES)),
    )
    const { status } = await this.#store.enrollSecondFactor({
      subject,
      label,
      sealedSecret: this.#box.seal(ownerOf(subject), secret),
      recovery: recoveryCodes.map((code) => recoveryHash(subject, code)),
      createdAtMs: this.#clock.wallMs(),
    })
    if (status === 'confirmed_already') {
      throw new AppError('conflict', 'there is a second factor already: `security` can reset it')
    }
    const totp = totpOf(secret, label)
    return { secret: totp.secret.base32, uri: totp.toString(), recoveryCodes }
  }

  /** The first code of a new factor; a recovery code does not show that the device works. */
  async confirm(subject: string, code: string): Promise<void> {
    await this.#check(subject, code, 'confirm')
  }

  /** A code of a factor that works. */
  async verify(subject: string, code: string): Promise<void> {
    await this.#check(subject, code, 'verify')
  }

  async #check(subject: string, code: string, what: 'confirm' | 'verify'): Promise<void> {
    const atMs = this.#clock.wallMs()
    const attempt = { subject, atMs, attemptsMax: ATTEMPTS_MAX, lockMs: FACTOR_LOCK_MS }
    const tried = await this.#store.trySecondFactor(attempt)
    if (tried.status === 'locked') throw locked(tried.untilMs - atMs)
    if (tried.status === 'absent') throw refused()
    const { factor } = tried
    if ((factor.confirmedAtMs === null) !== (what === 'confirm')) throw refused()
    const proof = this.#proofOf(factor, code.replaceAll(/\s/g, ''), what, atMs)
    if (proof === null) throw refused()
    const { status } = await this.#store.useSecondFactor({ subject, atMs, proof })
    if (status === 'used') throw refused()
  }

  #proofOf(
    factor: SecondFactor,
    code: string,
    what: 'confirm' | 'verify',
    atMs: number,
  ): FactorUse['proof'] | null {
    if (!/^\d{6}$/.test(code)) {
      return what === 'verify' ? { recoveryHash: recoveryHash(factor.subject, code) } : null
    }
    const secret = this.#box.open(ownerOf(factor.subject), factor.sealedSecret)
    if (secret === null) {
      throw new AppError(
        'second_factor_refused',
        'the second factor was sealed by a collector with another key: `security` must reset it',
      )
    }
    const totp = totpOf(secret, factor.label)
    const delta = totp.validate({ token: code, timestamp: atMs, window: STEPS_AROUND })
    return delta === null ? null : { step: totp.counter({ timestamp: atMs }) + delta }
  }
}

function totpOf(secret: Uint8Array, label: string): TOTP {
  const buffer = new Uint8Array(secret).buffer
  return new TOTP({ issuer: ISSUER, label, secret: new Secret({ buffer }) })
}

function ownerOf(subject: string): string {
  return `second-factor ${subject}`
}

/** Four groups of four characters of base 32: 80 bits. */
function recoveryText(bytes: Uint8Array): string {
  const text = new Secret({ buffer: new Uint8Array(bytes).buffer }).base32.toLowerCase()
  return text.replaceAll(/(.{4})(?=.)/g, '$1-')
}

/** A plain hash is enough: 80 random bits are not guessed. */
function recoveryHash(subject: string, code: string): string {
  const plain = code.toLowerCase().replaceAll('-', '')
  return Buffer.from(labelledHash('yiben.recovery-code.v1', subject, plain)).toString('hex')
}

function refused(): AppError {
  return new AppError('second_factor_refused', 'the code is wrong, or was used before')
}

function locked(leftMs: number): AppError {
  const minutes = Math.ceil(leftMs / 60_000)
  const sentence = `too many wrong codes: try again in ${minutes} min`
  return new AppError('second_factor_locked', sentence, { fields: { retryAfterMs: leftMs } })
}
