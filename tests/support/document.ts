/** A fenced block of a document. */
export interface Block {
  /** `sh`, `yaml`, `text`, … */
  readonly language: string
  readonly text: string
  /** Line of its opening fence, from 1. */
  readonly line: number
}

/** The fenced blocks of a Markdown text, in order. Fences start at the beginning of a line. */
export function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { language: string; line: number; lines: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(\w*)/.exec(line)
    if (fence === null) open?.lines.push(line)
    else if (open === undefined) open = { language: fence[1], line: index + 1, lines: [] }
    else {
      blocks.push({ language: open.language, line: open.line, text: `${open.lines.join('\n')}\n` })
      open = undefined
    }
  }
  return blocks
}

/** Blocks of one language, each with the text of the `text` block that comes next, if one does: what it is expected to print. */
export function withExpected(
  blocks: readonly Block[],
  language: string,
): readonly (Block & { readonly expected: string | undefined })[] {
  return blocks.flatMap((block, i) => {
    if (block.language !== language) return []
    const next = blocks[i + 1]
    return [{ ...block, expected: next?.language === 'text' ? next.text : undefined }]
  })
}

/**
 * Whether an output is what a document shows of it. `…` stands for any characters within a line; on a line of its own for any lines,
 * or none. Spaces at the ends of lines do not count.
 */
export function isOutput(actual: string, expected: string): boolean {
  const lines = trimmed(expected).split('\n')
  const pattern = lines.map((line) =>
    line.trim() === '…' ? '(?:.*\\n)*' : `${line.split('…').map(escaped).join('.*')}\\n`,
  )
  return new RegExp(`^${pattern.join('')}$`).test(`${trimmed(actual)}\n`)
}

const trimmed = (text: string): string => text.replace(/[ \t]+$/gm, '').trimEnd()

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** Targets of the links and pictures of a Markdown text that are files of the project, without `#…`. */
export function linkedFiles(markdown: string): readonly string[] {
  const targets = [...markdown.matchAll(/\]\(([^)\s]+)\)/g), ...markdown.matchAll(/\ssrc="([^"]+)"/g)]
  return targets.map(([, target]) => target.replace(/#.*$/, '')).filter((file) => file !== '' && !/^\w+:/.test(file))
}
