/**
 * This node's own key, and how a new one takes its place: asked for by the collector, made and kept
 * here, proven, and in force once the collector has said that it takes it. Killed between any two
 * steps the node has a key that the collector takes.
 *
 *   node-key               in force
 *   node-key.next-<nonce>  made, proven perhaps; for one change, named by its nonce
 *   node-key.previous      the one before: a ledger that was restored from before the change knows it
 */

import type { Random, RotateKey } from '@yiben/shared'
import {
  errorSentence,
  isRotateKeySigned,
  type KeyChange,
  type KeyPair,
  type Logger,
  type PublicIdentity,
  signKeyChange,
} from '@yiben/shared'
import type { StateDir } from './state-dir.ts'

export interface NodeKeysOptions {
  readonly state: StateDir
  readonly keys: KeyPair
  readonly collector: PublicIdentity
  /** The machine's digest under a key of the node, hex. */
  readonly fingerprintUnder: (publicKey: string) => string
  readonly random: Random
  readonly log: Logger
}

export class NodeKeys {
  readonly #options: NodeKeysOptions
  #keys: KeyPair
  #fingerprint: string
  /** Shown in place of the key in force, which the collector does not know; kept once it is welcome. */
  #isPreviousTried = false
  #inForce: KeyPair

  constructor(options: NodeKeysOptions) {
    this.#options = options
    this.#keys = options.keys
    this.#inForce = options.keys
    this.#fingerprint = options.fingerprintUnder(options.keys.publicKey)
  }

  /** What the next hello shows. */
  get keys(): KeyPair {
    return this.#keys
  }

  get fingerprint(): string {
    return this.#fingerprint
  }

  /** The proof to send, where one is asked for. */
  hear(rotate: RotateKey): KeyChange | null {
    const { collector, log, state } = this.#options
    if (!isRotateKeySigned(rotate, collector)) {
      log.error({}, 'a change of this node’s key is not signed by its collector')
      return null
    }
    // Said of another key: this change is over.
    if (rotate.oldKey !== this.#keys.publicKey) return null
    try {
      const next = state.readOrCreateNextKey(rotate.nonce, this.#options.random)
      if (rotate.newKey === next.publicKey) {
        state.takeNextKey(rotate.nonce)
        this.#show(next)
        this.#inForce = next
        log.info({}, 'this node has a new key')
        return null
      }
      return this.#prove(rotate.nonce, next)
    } catch (error) {
      log.error({ reason: errorSentence(error) }, 'this node could not take a new key now')
      return null
    }
  }

  /** Nobody there knows the key that was shown: whether another one is shown at the next attempt. */
  takeOther(): boolean {
    if (this.#isPreviousTried) {
      this.#show(this.#inForce)
      this.#isPreviousTried = false
      return false
    }
    const previous = this.#options.state.readPreviousKey()
    if (previous === null || previous.publicKey === this.#keys.publicKey) return false
    this.#options.log.warn({}, 'the collector does not know this node’s key: trying the one before')
    this.#show(previous)
    this.#isPreviousTried = true
    return true
  }

  /** The key that was shown is known. */
  welcomed(): void {
    if (!this.#isPreviousTried) return
    try {
      this.#options.state.takePreviousKey()
      this.#inForce = this.#keys
      this.#isPreviousTried = false
    } catch (error) {
      const reason = errorSentence(error)
      this.#options.log.error({ reason }, 'the key before could not be put in force again')
    }
  }

  #prove(nonce: string, newKeys: KeyPair): KeyChange {
    const { collector, fingerprintUnder } = this.#options
    const parties = { collectorKey: collector.publicKey, oldKeys: this.#keys, newKeys }
    return signKeyChange(parties, { nonce, fingerprint: fingerprintUnder(newKeys.publicKey) })
  }

  #show(keys: KeyPair): void {
    this.#fingerprint = this.#options.fingerprintUnder(keys.publicKey)
    this.#keys = keys
  }
}
