import { output } from './command.ts'

/**
 * The first program on the PATH that is new enough.
 * @param pattern finds major and minor in what `--version` prints
 */
export async function programOfVersion(
  names: readonly string[],
  pattern: RegExp,
  [major, minor]: readonly [number, number],
): Promise<string | undefined> {
  for (const name of names) {
    const text = await output(name, ['--version'], { msMax: 5_000 }).catch(() => '') // Absent is as good as too old.
    const [, first, second] = pattern.exec(text) ?? []
    if (first === undefined) continue
    if (Number(first) > major || (Number(first) === major && Number(second) >= minor)) return name
  }
  return undefined
}
