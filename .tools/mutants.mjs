// Generates mutants of TypeScript: small changes to a source, each of which a test should notice.
import ts from 'typescript'

const { SyntaxKind: Kind } = ts

/** What each operator is replaced by. */
const OPERATORS = new Map([
  ['<', '<='],
  ['<=', '<'],
  ['>', '>='],
  ['>=', '>'],
  ['===', '!=='],
  ['!==', '==='],
  ['&&', '||'],
  ['||', '&&'],
  ['+', '-'],
  ['-', '+'],
  ['*', '/'],
  ['/', '*'],
  ['+=', '-='],
  ['-=', '+='],
  ['??=', '='],
])

/** All mutants of a source, in order: position, replacement, line, and a description. */
export function mutantsOf(text, name) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
  const found = []
  const add = (node, instead, what) => {
    const start = node.getStart(source)
    const line = source.getLineAndCharacterOfPosition(start).line + 1
    found.push({ name, start, end: node.end, instead, line, what })
  }
  const visit = node => {
    // Types and imports have no effect at run time.
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isImportDeclaration(node)) return
    mutate(node, source, add)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function mutate(node, source, add) {
  const text = node.getText(source)
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.getText(source)
    const instead = OPERATORS.get(operator)
    if (instead !== undefined) add(node.operatorToken, instead, `${operator} is ${instead}`)
  } else if (ts.isIfStatement(node)) {
    const condition = node.expression
    add(condition, `!(${condition.getText(source)})`, 'negated condition')
    add(condition, 'false', 'condition is false')
  } else if (ts.isConditionalExpression(node)) {
    add(node.condition, `!(${node.condition.getText(source)})`, 'negated condition')
  } else if (ts.isPrefixUnaryExpression(node) && node.operator === Kind.ExclamationToken) {
    add(node, node.operand.getText(source), 'no negation')
  } else if (ts.isExpressionStatement(node) && !/^super\b/.test(text)) {
    add(node, ';', 'removed statement')
  } else if (ts.isReturnStatement(node) && node.expression === undefined) {
    add(node, ';', 'removed return')
  } else if (node.kind === Kind.TrueKeyword || node.kind === Kind.FalseKeyword) {
    add(node, text === 'true' ? 'false' : 'true', `${text} is not`)
  } else if (ts.isNumericLiteral(node)) {
    const value = Number(text.replaceAll('_', ''))
    add(node, value === 0 ? '1' : '0', `${text} is ${value === 0 ? '1' : '0'}`)
  }
}
