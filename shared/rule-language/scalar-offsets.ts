/** How a scalar is written in YAML. */
export type ScalarStyle = 'plain' | 'single-quoted' | 'double-quoted' | 'block'

/**
 * Where each character of a scalar's value stands in its file. Quotes, escapes, indentation and folded lines are taken out of the
 * value by YAML, so that the n-th character of an expression is seldom the n-th after its start.
 * @param source the scalar as it is written, from its quote or block header on
 * @returns for each index of `value`, and for its end, an offset into `source`
 */
export function scalarOffsets(source: string, value: string, style: ScalarStyle): Int32Array {
  const offsets = new Int32Array(value.length + 1)
  let s = style === 'block' ? source.indexOf('\n') + 1 : style === 'plain' ? 0 : 1
  let v = 0
  while (v < value.length) {
    if (style === 'double-quoted' && source[s] === '\\') {
      const sequence = readEscape(source, s)
      for (let i = 0; i < sequence.produces && v < value.length; i++) offsets[v++] = s
      s += sequence.length
    } else if (isBlank(value[v])) {
      offsets[v++] = s
      if (isBlank(source[s])) s++
    } else if (isBlank(source[s])) {
      s++
    } else {
      offsets[v++] = s
      s += style === 'single-quoted' && source[s] === "'" ? 2 : 1
    }
    if (s > source.length) s = source.length
  }
  offsets[v] = s
  return offsets
}

const isBlank = (character: string | undefined): boolean =>
  character === ' ' || character === '\t' || character === '\n' || character === '\r'

/** A line end behind a backslash produces nothing; all else one code unit, `\U` beyond the basic plane two. */
function readEscape(source: string, at: number): { length: number; produces: number } {
  switch (source[at + 1]) {
    case 'x':
      return { length: 4, produces: 1 }
    case 'u':
      return { length: 6, produces: 1 }
    case 'U':
      return { length: 10, produces: Number.parseInt(source.slice(at + 2, at + 10), 16) > 0xffff ? 2 : 1 }
    case '\r':
    case '\n':
      return { length: /^\\\r?\n[ \t]*/.exec(source.slice(at))?.[0].length ?? 2, produces: 0 }
    default:
      return { length: 2, produces: 1 }
  }
}
