/**
 * XML of vendor tools (`-q -x`): read by path, every list normalised. A text without its closing
 * tag is refused whole, because a figure in it may have lost digits.
 */
import { parseString } from 'xml2js'
import * as z from 'zod/mini'
import { readWord } from './text.ts'

/** An element as xml2js gives it: its text, or an object of its children and attributes (`$`). */
const Node = z.union([z.string(), z.record(z.string(), z.unknown())])
const Nodes = z.union([Node, z.array(Node)])
export type XmlNode = z.infer<typeof Node>

/** The element of that name, or a sentence why there is none. */
export function readXml(text: string, rootName: string): XmlNode | { readonly unreadable: string } {
  const start = text.search(/<\?xml|<[A-Za-z]/)
  if (start < 0) return { unreadable: 'This is not XML.' }
  const document = text.slice(start).trimEnd()
  if (!document.endsWith(`</${rootName}>`)) {
    return { unreadable: 'The XML ends before its closing tag: the output was cut short.' }
  }
  let failure: string | null = null
  let data: unknown = null
  try {
    parseString(document, { explicitArray: false, trim: true }, (error, result) => {
      if (error === null) data = result
      else failure = error.message
    })
  } catch (error) {
    failure = error instanceof Error ? error.message : 'not XML'
  }
  if (failure !== null) return { unreadable: 'The XML is not well formed.' }
  return rootOf(data, rootName)
}

/** The same from an object that xml2js made elsewhere. */
export function rootOf(data: unknown, rootName: string): XmlNode | { readonly unreadable: string } {
  const document = z.record(z.string(), z.unknown()).safeParse(data)
  const root = document.success ? childOf(document.data, rootName) : undefined
  return root ?? { unreadable: `The XML has no <${rootName}> of the known shape.` }
}

export function isUnreadableXml(
  root: XmlNode | { readonly unreadable: string },
): root is { readonly unreadable: string } {
  return typeof root === 'object' && typeof root.unreadable === 'string'
}

/** The one child of that name; the first where it is repeated. */
export function childOf(node: XmlNode, name: string): XmlNode | undefined {
  return childrenOf(node, name)[0]
}

/** All children of that name, in printed order. */
export function childrenOf(node: XmlNode, name: string): XmlNode[] {
  if (typeof node === 'string' || !Object.hasOwn(node, name)) return []
  const parsed = Nodes.safeParse(node[name])
  if (!parsed.success) return []
  return Array.isArray(parsed.data) ? parsed.data : [parsed.data]
}

/** The element at a path of names, `fb_memory_usage/total`. */
export function elementAt(node: XmlNode, path: string): XmlNode | undefined {
  let here: XmlNode | undefined = node
  for (const name of path.split('/')) here = here === undefined ? undefined : childOf(here, name)
  return here
}

/** The text at a path; `undefined` where there is no such element or it holds only elements. */
export function textAt(node: XmlNode, path: string): string | undefined {
  const here = elementAt(node, path)
  if (typeof here === 'object') return typeof here._ === 'string' ? here._ : undefined
  return here
}

export function attributeOf(node: XmlNode, name: string): string | null {
  const attributes = childOf(node, '$')
  const value = attributes === undefined ? undefined : childOf(attributes, name)
  return typeof value === 'string' ? readWord(value) : null
}
