import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const projectRoot: string = join(import.meta.dirname, '..')

/**
 * The text of the project's files by path from the root: those that git tracks and new ones it does not ignore, so that a
 * check sees a file before its first commit.
 * @param endings such as `.ts`; all files if left out
 */
export function projectFiles(endings?: ReadonlyArray<string>): ReadonlyMap<string, string> {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: projectRoot,
    encoding: 'utf8',
  })
  const files = new Map<string, string>()
  for (const file of list.split('\0').sort()) {
    if (file === '' || (endings && !endings.some((ending) => file.endsWith(ending)))) continue
    const path = join(projectRoot, file)
    if (existsSync(path)) files.set(file, readFileSync(path, 'utf8'))
  }
  return files
}
