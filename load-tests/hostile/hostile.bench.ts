// What the service still holds after thousands of requests of every kind.
//
//   node load-tests/hostile/hostile.bench.ts [--warm-up 2000] [--slices 5] [--requests 2000] [--staying 20] [--seed 1]
//
// `vigil serve` in a process of its own, its heap bounded to 128 MB. Half of the requests are made by the generator of hostile requests; the
// others are sound, kept alive and pipelined, huge (up to 6 MB), slow, cut off in the middle, streams that are left, answers that nobody
// reads, and no HTTP; in each slice twenty clients begin a request and stay until they are cut off. Accounts and nearly all ids come from a bounded set. After each slice, when the service is at rest, garbage is
// collected in all of its threads through the inspector, and what is left is told, in KiB. Compiled code stands apart.
// Left out: TLS, a proxy in front.
import { parseArgs } from 'node:util'
import { type Figures, measureGrowth } from './measure-growth.ts'

const { values } = parseArgs({
  options: {
    'warm-up': { type: 'string', default: '2000' },
    slices: { type: 'string', default: '5' },
    requests: { type: 'string', default: '2000' },
    staying: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
})

const row = (cells: readonly string[]): void => console.log(cells.map((cell) => cell.padStart(10)).join(''))
row(['requests', 'objects', 'code', 'external', 'threads', 'RSS MiB', 'sockets', 'files', 'events', 'actors', 'state'])
const kib = (bytes: number): string => (bytes / 1024).toFixed(0)
function show(figures: Figures): void {
  const {
    requests,
    objectBytes,
    codeBytes,
    externalBytes,
    threadsBytes,
    rssBytes,
    sockets,
    files,
    events,
    actors,
    stateBytes,
  } = figures
  const bytes = [
    kib(objectBytes),
    kib(codeBytes),
    kib(externalBytes),
    kib(threadsBytes),
    (rssBytes / 2 ** 20).toFixed(0),
  ]
  row([String(requests), ...bytes, ...[sockets, files, events, actors].map(String), kib(stateBytes)])
}

const startedAt = performance.now()
const { figures, statuses } = await measureGrowth({
  warmUp: Number(values['warm-up']),
  slices: Number(values.slices),
  requestsPerSlice: Number(values.requests),
  staying: Number(values.staying),
  seed: Number(values.seed),
  onFigures: show,
})
const sent = figures[figures.length - 1].requests - figures[0].requests
const growth = figures[figures.length - 1].objectBytes - figures[0].objectBytes
console.log(`${sent} requests after the warm-up: ${(growth / sent).toFixed(0)} bytes of objects each`)
console.log(
  `answers: ${[...statuses]
    .sort()
    .map((pair) => pair.join(': '))
    .join(', ')}`,
)
console.log(`${((performance.now() - startedAt) / 1000).toFixed(0)} s, Node ${process.version}`)
