import { formatTimestamp } from '#shared/domain/time'
import type { StoredAlert } from '#shared/store/alert-store'
import { type TracedEvent, type TraceStep, tracedEvents } from './alert-trace.ts'

/**
 * The story of an alert as a picture: a row for each event, from its arrival on. Events may lie days apart and be judged in a millisecond,
 * so that each has its own beginning and all have one logarithmic scale. SVG without script, style or link; every text is escaped.
 */
export function alertTracePicture(alertId: string, alert: StoredAlert): string {
  const events = tracedEvents(alert)
  const shown = events.slice(0, rowsMax)
  const longest = Math.max(1_000, ...shown.flatMap(({ event, steps }) => steps.map(({ to }) => to - event.receivedAt)))
  const scale = (ms: number): number => left + (plotWidth * Math.log10(1 + Math.max(0, ms))) / Math.log10(1 + longest)
  const top = headHeight + axisHeight
  const bottom = top + shown.length * rowHeight
  const height = bottom + footHeight
  const { rule, severity, revision, status, at } = JSON.parse(alert.line)
  const more = events.length - shown.length
  const rest = more === 0 ? '' : text(24, bottom + 22, `and ${more} more events; the JSON has all of them`, quiet)
  const head = `${rule} · ${severity} · ${status}, revision ${revision} · ${at}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" role="img" aria-label="${escaped(`Trace of alert ${alertId}`)}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(24, 30, `Alert ${alertId}`, 'font-size="16" font-weight="600" fill="#1a1a1a"'),
    text(24, 50, head, quiet),
    legend(),
    text(24, top - 10, 'time since the arrival of each event, logarithmic', quiet),
    ...ticksUpTo(longest).map(({ ms, label }) => tick(scale(ms), top, bottom, label)),
    ...shown.map((traced, i) => row(traced, top + i * rowHeight, scale)),
    rest,
    '</svg>\n',
  ].join('\n')
}

function row({ event, steps }: TracedEvent, y: number, scale: (ms: number) => number): string {
  const { id, step, at, receivedAt, traceId } = event
  const behind = receivedAt - at
  const told = steps.map(({ name, from, to }) => `${name} ${formatTimestamp(from)} – ${formatTimestamp(to)}`)
  const name = step === '' ? id : `${step}: ${id}`
  const bars = steps.flatMap((one) => bar(one, receivedAt, y, scale))
  return [
    `<g><title>${escaped([`${name} (trace ${traceId})`, ...told].join('\n'))}</title>`,
    `<line x1="24" y1="${y + rowHeight}" x2="${width - 24}" y2="${y + rowHeight}" stroke="#ececec"/>`,
    text(24, y + 18, shortened(name, 42), 'font-size="13" fill="#1a1a1a"'),
    text(24, y + 34, `bank ${formatTimestamp(at)}, arrived ${signed(behind)}`, quiet),
    ...bars,
    '</g>',
  ].join('')
}

function bar({ name, from, to }: TraceStep, receivedAt: number, y: number, scale: (ms: number) => number): string[] {
  const colour = colours[name]
  if (colour === undefined) return []
  const x = scale(from - receivedAt)
  const barWidth = Math.max(barWidthMin, scale(to - receivedAt) - x)
  return [`<rect x="${x.toFixed(1)}" y="${y + 9}" width="${barWidth.toFixed(1)}" height="22" rx="2" fill="${colour}"/>`]
}

function tick(x: number, top: number, bottom: number, label: string): string {
  const line = `<line x1="${x.toFixed(1)}" y1="${top - 4}" x2="${x.toFixed(1)}" y2="${bottom}" stroke="#dddddd"/>`
  return line + text(x, top - 10, label, `${quiet} text-anchor="middle"`)
}

/** Round times since the arrival, as many as lie on the scale. */
const ticksUpTo = (longest: number): readonly { readonly ms: number; readonly label: string }[] =>
  [...roundTimes].flatMap(([ms, label]) => (ms <= longest ? [{ ms, label }] : []))

const roundTimes: ReadonlyMap<number, string> = new Map([
  [0, '0'],
  [1, '1 ms'],
  [10, '10 ms'],
  [100, '0.1 s'],
  [1_000, '1 s'],
  [10_000, '10 s'],
  [60_000, '1 min'],
  [600_000, '10 min'],
  [3_600_000, '1 h'],
  [86_400_000, '1 d'],
  [30 * 86_400_000, '30 d'],
])

const legend = (): string =>
  Object.entries(colours)
    .map(([name, colour], i) => {
      const x = left + i * 110
      return `<rect x="${x}" y="60" width="12" height="12" rx="2" fill="${colour}"/>${text(x + 18, 70, name, quiet)}`
    })
    .join('')

/** ms, as a person reads them. */
function signed(ms: number): string {
  const [sign, size] = [ms < 0 ? '−' : '+', Math.abs(ms)]
  if (size < 1_000) return `${sign}${size} ms`
  if (size < 120_000) return `${sign}${(size / 1_000).toFixed(1)} s`
  if (size < 7_200_000) return `${sign}${(size / 60_000).toFixed(0)} min`
  return size < 172_800_000 ? `${sign}${(size / 3_600_000).toFixed(0)} h` : `${sign}${(size / 86_400_000).toFixed(0)} d`
}

const text = (x: number, y: number, content: string, attributes: string): string =>
  `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped(content)}</text>`

const shortened = (content: string, charactersMax: number): string =>
  content.length > charactersMax ? `${content.slice(0, charactersMax - 1)}…` : content

/** XML has no form at all for most control characters, and for halves of characters. */
const escaped = (content: string): string =>
  content
    .toWellFormed()
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const colours: Partial<Record<TraceStep['name'], string>> = {
  append: '#4c78a8',
  processing: '#f58518',
  checkpoint: '#54a24b',
  delivery: '#b279a2',
}

const quiet = 'font-size="11" fill="#666666"'
const width = 1_040
const left = 360
const plotWidth = width - left - 48
const headHeight = 84
const axisHeight = 26
const rowHeight = 44
const footHeight = 36
const barWidthMin = 3
/** More rows than a person looks through; a picture of them has 200 kB. */
const rowsMax = 500
