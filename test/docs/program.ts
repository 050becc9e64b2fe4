import { existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { built, root } from '../paths.js'
import type { Sample } from './pages.js'

/** Marks the position of the block in a comment that completes it. */
const PLACE = '…'

/** The entry points of the library. */
const ENTRIES = {
  revio: 'lib/index.ts',
  'revio/testing': 'lib/testing.ts',
  'revio/http': 'lib/http/index.ts',
  'revio/websocket': 'lib/websocket/index.ts',
}
/** Declarations for packages without types. */
const AMBIENT = ['lib/http/ambient.d.ts', 'lib/http/undici.d.ts'].filter(path => existsSync(join(root, path)))

/** The documents' samples as one program, in which `revio` is the library itself. */
export interface Program {
  /** Errors, as `page:line: what`. */
  readonly faults: readonly string[]
  readonly checker: ts.TypeChecker
  /** A file of the library. */
  source(path: string): ts.SourceFile
  /** The built sample. */
  built(sample: Sample): string
}

/** Whether a sample can neither stand alone nor be completed. */
export function isFragment({ note }: Sample): boolean {
  return note === 'fragment'
}

/**
 * Writes the samples into `folder` as modules and compiles them against the built library. `folder` becomes a package
 * named revio, so that the samples import that build; it must be inside the repository.
 */
export function compile(samples: readonly Sample[], folder: string): Program {
  const modules = new Map<string, { sample: Sample; offset: number }>()
  for (const sample of samples.filter(sample => !isFragment(sample))) {
    const { text, offset } = complete(sample)
    const path = join(folder, `${nameOf(sample)}.ts`)
    writeFileSync(path, text)
    modules.set(path, { sample, offset })
  }
  const entry = {
    '.': './out/test/docs/served.js',
    './testing': './out/lib/testing.js',
    './http': './out/lib/http/index.js',
    './websocket': './out/lib/websocket/index.js',
  }
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'revio', type: 'module', exports: entry }),
  )
  const out = join(folder, 'out')
  const library = [...Object.values(ENTRIES).map(declared), ...AMBIENT.map(path => join(root, path))]
  const program = ts.createProgram([...library, ...modules.keys()], optionsFor(out))
  const found = ts.getPreEmitDiagnostics(program)
  if (found.length === 0) {
    program.emit()
    for (const part of ['lib', 'test']) symlinkSync(join(root, 'dist', part), join(out, part))
  }
  return {
    faults: found.map(fault => describe(fault, modules)),
    checker: program.getTypeChecker(),
    source(path) {
      const file = program.getSourceFile(declared(path))
      if (file === undefined) throw new Error(`${path} is not part of the program`)
      return file
    },
    built: sample => join(out, relative(root, folder), `${nameOf(sample)}.js`),
  }
}

function nameOf({ page, line }: Sample): string {
  return `${page.replaceAll(/\W/g, '-')}-${line}`
}

/** The block as a module, and the number of lines before it. */
function complete({ note, code }: Sample): { text: string; offset: number } {
  const frame = /^with\s+(.*)$/s.exec(note)?.[1] ?? ''
  const place = frame.indexOf(PLACE)
  const before = place < 0 ? `${frame}\n` : frame.slice(0, place)
  const after = place < 0 ? '' : frame.slice(place + PLACE.length)
  return { text: `${before}${code}${after}\nexport {}\n`, offset: before.split('\n').length - 1 }
}

/** With the options of the project's own code, except that a sample may declare what it does not use. */
function optionsFor(out: string): ts.CompilerOptions {
  const { config, error } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'))
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  const paths = Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, [declared(path)]]))
  const loose = {
    noImplicitReturns: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    composite: false,
  }
  return { ...options, ...loose, rootDir: root, outDir: out, paths }
}

function describe(
  { file, start, code, messageText }: ts.Diagnostic,
  modules: ReadonlyMap<string, { sample: Sample; offset: number }>,
): string {
  const what = `TS${code} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  if (file === undefined || start === undefined) return what
  const line = file.getLineAndCharacterOfPosition(start).line
  const module = modules.get(file.fileName)
  if (module === undefined) return `${relative(root, file.fileName)}:${line + 1}: ${what}`
  return `${module.sample.page}:${module.sample.line + line - module.offset}: ${what}`
}

/** What the build has made of a file of the library: its types, without checking all of it again. */
function declared(path: string): string {
  return built(path.replace(/\.ts$/, '.d.ts'))
}

/** The members that an interface declares itself, or those of a type alias; by name. */
export function membersOf(program: Program, path: string, name: string): readonly string[] {
  const file = program.source(path)
  const declaration = file.statements.find(
    statement =>
      (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) &&
      statement.name.text === name,
  )
  if (declaration === undefined) throw new Error(`${path} has no interface ${name}`)
  if (ts.isInterfaceDeclaration(declaration))
    return declaration.members.map(member => member.name?.getText(file) ?? '')
  return program.checker
    .getTypeAtLocation(declaration)
    .getProperties()
    .map(({ name }) => name)
}

/** The strings of a union type in a file. */
export function stringsOf(program: Program, path: string, name: string): readonly string[] {
  const declaration = program
    .source(path)
    .statements.find(statement => ts.isTypeAliasDeclaration(statement) && statement.name.text === name)
  if (declaration === undefined) throw new Error(`${path} has no type ${name}`)
  const type = program.checker.getTypeAtLocation(declaration)
  const parts = type.isUnion() ? type.types : [type]
  return parts.map(part => (part.isStringLiteral() ? part.value : program.checker.typeToString(part)))
}

/** The exported names of a file. */
export function exportsOf(program: Program, path: string): readonly string[] {
  const symbol = program.checker.getSymbolAtLocation(program.source(path))
  if (symbol === undefined) throw new Error(`${path} exports nothing`)
  return program.checker.getExportsOfModule(symbol).map(({ name }) => name)
}
