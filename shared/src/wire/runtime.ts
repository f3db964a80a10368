/**
 * The protobuf runtime as this wire uses it: 64-bit fields read as plain numbers (checked to be
 * safe integers by the reader of each field), unknown fields dropped while reading.
 */
import protobuf from 'protobufjs/minimal.js'
import { yiben } from './generated/link.js'

Object.assign(protobuf.util, { Long: null })
protobuf.configure()
protobuf.Reader.discardUnknown = true

export const generated = yiben.v1

/** The same bytes without `Buffer`'s own methods, so that messages compare as plain values. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
