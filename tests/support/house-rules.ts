// What every file of the project keeps to, beyond what the formatter, the linter, the types and the layers see.
// The patterns are written so that they do not match themselves.

interface HouseRule {
  /** What is wrong, and what to do instead. */
  readonly message: string
  /** Matched against each line. */
  readonly pattern: RegExp
  /** The files that it is about; all if left out. */
  readonly files?: RegExp
}

const code = /\.[cm]?[jt]sx?$/
const typescript = /\.tsx?$/
/** Written by npm: names, versions and hashes. */
const lockfile = 'package-lock.json'

const lineRules: ReadonlyArray<HouseRule> = [
  { message: 'silences the compiler: correct the type', pattern: /@ts-(?:[i]gnore|[n]ocheck)/, files: code },
  { message: 'expects an error without saying why', pattern: /@ts-[e]xpect-error\s*$/, files: code },
  {
    message: 'any: say what it is, or unknown',
    pattern: /(?::|\bas|<)\s*[a]ny\s*(?:[,;)>\]}=|&]|$)/,
    files: typescript,
  },
  {
    message: 'a test left focused or switched off',
    pattern: /\b(?:it|test|describe)\.(?:[o]nly|[s]kip)\(/,
    files: code,
  },
  { message: 'a leftover marker: do it now, or drop it', pattern: /\b(?:T[O]DO|F[I]XME)\b|(?:\/\/|#|\*)\s*X[X]X\b/ },
  { message: 'a path of one machine', pattern: /(?:^|[\s'"`(=:])\/(?:work|home|root|Users)(?:\/|\b)/ },
  {
    message: 'the host of a package registry',
    pattern: /\bregistry\.[a-z][\w-]*\.[a-z]+|\bnpm[j]s\.org|\bnpm[m]irror\b/,
  },
  {
    message: 'names a tool of its making: the project speaks of itself alone',
    pattern:
      /\b(?:[c]laude|[a]nthropic|[o]penai|[c]hatgpt|[c]opilot)\b|^[c]o-authored-by:|[g]enerated (?:with|by) an? ?ai\b/i,
  },
]

const linesMax = 500
/** Files that are longer, each with the reason. */
export const longFiles: Readonly<Record<string, string>> = {}

const vagueNames: ReadonlySet<string> = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'manager'])

/**
 * @param files text by path from the root
 * @param exceptions files that may be too long
 * @returns violations as `file:line: message`
 */
export function houseViolations(
  files: ReadonlyMap<string, string>,
  exceptions: Readonly<Record<string, string>> = longFiles,
): ReadonlyArray<string> {
  const found: string[] = []
  for (const [file, text] of files) {
    const isBinary = text.includes('\0')
    if (!isBinary && file !== lockfile) found.push(...lineViolations(file, text))
    if (file === lockfile && text.includes('"resolved"')) found.push(`${file}:1: addresses of packages: see .npmrc`)
    const vague = file.split(/[/.-]/).find((word) => vagueNames.has(word.toLowerCase()))
    if (vague !== undefined) found.push(`${file}:1: "${vague}" says nothing: name the one concept inside`)
    if (code.test(file) && !/^[a-z0-9./-]+$/.test(file)) found.push(`${file}:1: file names are in kebab-case`)
    const isLong = text.split('\n').length - 1 > linesMax
    if (typescript.test(file) && isLong && !(file in exceptions)) {
      found.push(`${file}:${linesMax + 1}: over ${linesMax} lines: which second concept moved in?`)
    }
    if (file in exceptions && !isLong) found.push(`${file}:1: is no longer too long: take it off the list`)
  }
  return found
}

function lineViolations(file: string, text: string): ReadonlyArray<string> {
  const rules = lineRules.filter((rule) => rule.files?.test(file) ?? true)
  return text
    .split('\n')
    .flatMap((line, index) =>
      rules.filter((rule) => rule.pattern.test(line)).map((rule) => `${file}:${index + 1}: ${rule.message}`),
    )
}
