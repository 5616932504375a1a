import { serveSettings } from './serve-settings.ts'
import type { Setting } from './setting.ts'

/** Flags with their variables, as `--help` shows them. */
export function settingsHelp(): string {
  const settings: readonly Setting<unknown>[] = Object.values(serveSettings)
  const lines = settings.map(({ flag, placeholder, variable, fallback, summary }) => {
    const standing = fallback === undefined ? '' : ` (default ${fallback})`
    return `  --${`${flag} ${placeholder}`.padEnd(24)} ${variable.padEnd(19)} ${summary}${standing}`
  })
  return lines.join('\n')
}
