/**
 * JSON of vendor tools: read by key, every key optional. Some tools print a figure as a number,
 * some as a text with its unit; both come out as text, to be read as strictly as any other. Lines
 * that a driver logs before the document are passed over.
 */
import { parseJson } from '@yiben/shared'
import * as z from 'zod/mini'

const JsonObject = z.record(z.string(), z.unknown())
export type JsonNode = z.infer<typeof JsonObject>

/** The object a text holds, or `null`: no JSON, or cut short. */
export function readJsonObject(text: string): JsonNode | null {
  const start = text.search(/^[ \t\uFEFF]*\{/m)
  return start < 0 ? null : jsonObject(parseJson(text.slice(start)))
}

export function jsonObject(value: unknown): JsonNode | null {
  const parsed = JsonObject.safeParse(value)
  return parsed.success ? parsed.data : null
}

/** The objects of a list; what is no object is left out. */
export function jsonListAt(node: JsonNode, key: string): JsonNode[] {
  const list = z.array(z.unknown()).safeParse(node[key])
  return list.success ? list.data.map(jsonObject).filter((entry) => entry !== null) : []
}

/** What stands at a path of keys, `Temperature/Chip`; `undefined` where nothing does. */
export function jsonValueAt(node: JsonNode, path: string): unknown {
  let here: unknown = node
  for (const key of path.split('/')) {
    const parent = jsonObject(here)
    here = parent !== null && Object.hasOwn(parent, key) ? parent[key] : undefined
  }
  return here
}

/** The text or number at a path, as text. */
export function jsonTextAt(node: JsonNode, path: string): string | null {
  const value = jsonValueAt(node, path)
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value : null
}
