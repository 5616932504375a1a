/**
 * Files and commands as something to paste into a shell in an empty folder.
 * @param files text by path; no text holds a line `END`
 */
export function pasteText(files: Readonly<Record<string, string>>, commands: readonly string[]): string {
  const parts = Object.entries(files).flatMap(([path, text]) => {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    const write = [`cat > ${path} <<'END'`, text.trimEnd(), 'END']
    return folder === '' ? write : [`mkdir -p ${folder}`, ...write]
  })
  return [...parts, ...commands].join('\n')
}

/** Events as JSON Lines. */
export function jsonLines(events: readonly object[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('')
}
