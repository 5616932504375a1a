import { resolve } from 'node:path'
import { NotStarted } from './failure.ts'

/**
 * An output that is an input would be emptied before it is read, and two outputs would write over each other.
 * @param outputs file by flag. Throws NotStarted.
 */
export function refuseClashes(inputs: readonly string[], outputs: Readonly<Record<string, string | undefined>>): void {
  const flagOf = new Map(inputs.map((file) => [resolve(file), 'an input']))
  for (const [flag, file] of Object.entries(outputs)) {
    if (file === undefined || file.startsWith('/dev/')) continue
    const other = flagOf.get(resolve(file))
    if (other !== undefined) throw new NotStarted(`${flag} ${file} is ${other} too: give it a file of its own`)
    flagOf.set(resolve(file), flag)
  }
}
