/** Opens an XLSX file as a spreadsheet does: unzips it, and reads the cells of each sheet by its name. */
import { inflateRawSync } from 'node:zlib'

export type ReadCell = string | number | boolean | null

export interface ReadSheet {
  readonly name: string
  readonly rows: readonly (readonly ReadCell[])[]
  readonly xml: string
}

export function readWorkbook(bytes: Uint8Array): readonly ReadSheet[] {
  const files = unzip(Buffer.from(bytes))
  const file = (name: string) => {
    const text = files.get(name)
    if (text === undefined) throw new Error(`the workbook has no ${name}`)
    return text
  }
  const strings = [...(files.get('xl/sharedStrings.xml') ?? '').matchAll(/<si>(.*?)<\/si>/gs)].map(
    ([, item = '']) =>
      [...item.matchAll(/<t[^>]*>(.*?)<\/t>/gs)].map(([, t = '']) => plain(t)).join(''),
  )
  const relations = new Map(
    [...file('xl/_rels/workbook.xml.rels').matchAll(/<Relationship [^>]*>/g)].map(([tag]) => [
      attribute(tag, 'Id'),
      attribute(tag, 'Target'),
    ]),
  )
  return [...file('xl/workbook.xml').matchAll(/<sheet [^>]*>/g)].map(([tag]) => {
    const xml = file(`xl/${relations.get(attribute(tag, 'r:id'))}`)
    return { name: plain(attribute(tag, 'name')), rows: rowsOf(xml, strings), xml }
  })
}

export function sheetOf(sheets: readonly ReadSheet[], name: string): ReadSheet {
  const sheet = sheets.find((one) => one.name === name)
  if (sheet === undefined) throw new Error(`no sheet ${name}: ${sheets.map((one) => one.name)}`)
  return sheet
}

function rowsOf(xml: string, strings: readonly string[]): ReadCell[][] {
  return [...xml.matchAll(/<row [^>]*?(?:\/>|>(.*?)<\/row>)/gs)].map(([, inner = '']) => {
    const row: ReadCell[] = []
    for (const [cell, content = ''] of inner.matchAll(/<c [^>]*?(?:\/>|>(.*?)<\/c>)/gs)) {
      row[columnOf(attribute(cell, 'r'))] = cellOf(cell, content, strings)
    }
    return Array.from(row, (value) => value ?? null)
  })
}

function cellOf(cell: string, content: string, strings: readonly string[]): ReadCell {
  const [, value] = /<v>(.*?)<\/v>/s.exec(content) ?? []
  if (content.includes('<f')) throw new Error(`a cell holds a formula: ${cell}`)
  if (value === undefined) return null
  const [opening = ''] = cell.split('>', 1)
  const type = / t="(\w+)"/.exec(opening)?.[1] ?? 'n'
  if (type === 's') return strings[Number(value)] ?? null
  if (type === 'b') return value === '1'
  return Number(value)
}

function columnOf(reference: string): number {
  const letters = reference.replace(/\d+$/, '')
  return [...letters].reduce((sum, one) => sum * 26 + one.charCodeAt(0) - 64, 0) - 1
}

function attribute(tag: string, name: string): string {
  return new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
}

function plain(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&#39;', "'")
    .replace(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(parseInt(hex, 16)))
    .replaceAll('&amp;', '&')
}

/** By the central directory, as the format asks: local headers may lack the sizes. */
function unzip(bytes: Buffer): Map<string, string> {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  if (end < 0) throw new Error('this is no ZIP file')
  const files = new Map<string, string>()
  let at = bytes.readUInt32LE(end + 16)
  for (let index = 0; index < bytes.readUInt16LE(end + 10); index += 1) {
    const [method, packed] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)]
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset))
    const local = bytes.readUInt32LE(at + 42)
    const path = bytes.toString('utf8', at + 46, at + 46 + (name ?? 0))
    const begin = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
    const content = bytes.subarray(begin, begin + packed)
    files.set(path, (method === 0 ? content : inflateRawSync(content)).toString('utf8'))
    at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0)
  }
  return files
}
