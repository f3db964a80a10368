/**
 * Counts where our sources go, for the fuzzer: a plugin of vite that puts a counter at the begin of
 * every block and branch, and notes the words that the code compares with. (Jazzer.js needs glibc
 * 2.38, which is newer than the machines we build on.)
 *
 * Counters are bytes of `globalThis.yibenCover`, words the texts of `globalThis.yibenWords`.
 */
import ts from 'typescript'

/** Twice as many as our sources have branches; a power of two. */
export const COUNTERS = 1 << 16
const SOURCES = /\/(agent|collector|shared)\/src\/.*\.[jt]s$/
const WORD_CHARACTERS_MAX = 40

interface Insertion {
  readonly at: number
  readonly text: string
}

export function instrumentPlugin() {
  let counters = 0
  const hit = () => {
    counters += 1
    return `__c[${counters % COUNTERS}]++`
  }
  return {
    name: 'yiben-fuzz',
    enforce: 'pre' as const,
    transform(code: string, id: string) {
      const [path = id] = id.split('?')
      return SOURCES.test(path) ? { code: instrumented(path, code, hit), map: null } : null
    },
  }
}

function instrumented(path: string, code: string, hit: () => string): string {
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true)
  const insertions: Insertion[] = []
  const words = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return
    if (ts.isStringLiteralLike(node)) words.add(node.text)
    insertions.push(...countersOf(node, hit))
    ts.forEachChild(node, visit)
  }
  visit(source)
  const noted = [...words].filter((word) => word.length > 1 && word.length <= WORD_CHARACTERS_MAX)
  const head =
    `const __c = (globalThis.yibenCover ??= new Uint8Array(${COUNTERS}));` +
    `for (const w of ${JSON.stringify(noted)}) (globalThis.yibenWords ??= new Set()).add(w);`
  return head + withInsertions(code, insertions)
}

function countersOf(node: ts.Node, hit: () => string): readonly Insertion[] {
  if (ts.isBlock(node)) return [{ at: node.getStart() + 1, text: `${hit()};` }]
  if (ts.isCaseOrDefaultClause(node)) return [{ at: node.statements.pos, text: `${hit()};` }]
  if (ts.isIfStatement(node)) {
    const branches = [node.thenStatement, node.elseStatement].filter((one) => one !== undefined)
    return branches.flatMap((branch) => asBlock(branch, hit))
  }
  if (ts.isIterationStatement(node, false)) return asBlock(node.statement, hit)
  if (ts.isConditionalExpression(node)) {
    return [node.whenTrue, node.whenFalse].flatMap((branch) => counted(branch, hit))
  }
  if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) return counted(node.body, hit)
  return ts.isBinaryExpression(node) && isChoice(node) ? counted(node.right, hit) : []
}

function isChoice({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  const { AmpersandAmpersandToken, BarBarToken, QuestionQuestionToken } = ts.SyntaxKind
  return [AmpersandAmpersandToken, BarBarToken, QuestionQuestionToken].some((one) => one === kind)
}

function asBlock(statement: ts.Statement, hit: () => string): readonly Insertion[] {
  if (ts.isBlock(statement)) return []
  return [
    { at: statement.getStart(), text: `{${hit()};` },
    { at: statement.getEnd(), text: '}' },
  ]
}

function counted(expression: ts.Node, hit: () => string): readonly Insertion[] {
  return [
    { at: expression.getStart(), text: `(${hit()},(` },
    { at: expression.getEnd(), text: '))' },
  ]
}

/** Where two fall together the outer one was noted first: its begin stands first, its end last. */
function withInsertions(code: string, insertions: readonly Insertion[]): string {
  const order = insertions.map((insertion, number) => ({ ...insertion, number }))
  const isEnd = ({ text }: Insertion) => text === '}' || text === '))'
  order.sort((left, right) => {
    if (left.at !== right.at) return left.at - right.at
    if (isEnd(left) !== isEnd(right)) return isEnd(left) ? -1 : 1
    return isEnd(left) ? right.number - left.number : left.number - right.number
  })
  let done = 0
  const parts: string[] = []
  for (const { at, text } of order) {
    parts.push(code.slice(done, at), text)
    done = at
  }
  return parts.join('') + code.slice(done)
}
