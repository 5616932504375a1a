import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LiveService } from '../../tests/support/live-service.ts'
import { Conversations } from './conversations.ts'
import { type Heaps, Inspector } from './inspector.ts'
import { RawClient } from './raw-client.ts'

export interface GrowthOptions {
  /** Sent before the first figures. */
  readonly warmUp: number
  /** Figures are taken after each. */
  readonly slices: number
  readonly requestsPerSlice: number
  /** Clients besides, in each slice, that begin a request and stay until they are cut off, which takes half a minute. */
  readonly staying: number
  readonly seed: number
  readonly onFigures?: (figures: Figures) => void
}

/** What the service holds at rest. */
export interface Figures extends Heaps {
  /** That were sent so far. */
  readonly requests: number
  readonly rssBytes: number
  readonly sockets: number
  /** Open file descriptors, sockets among them. */
  readonly files: number
  readonly events: number
  readonly actors: number
  /** Of the state of actors. */
  readonly stateBytes: number
}

export interface Growth {
  /** After the warm-up, and after each slice. */
  readonly figures: readonly Figures[]
  /** How often each was answered; `cut`: none. */
  readonly statuses: ReadonlyMap<string, number>
}

/**
 * Sends generated requests to `vigil serve` in a process of its own with a bounded heap, and looks now and then at what it holds at rest.
 * Rejects where the service ends, also for want of memory.
 */
export async function measureGrowth(options: GrowthOptions): Promise<Growth> {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-hostile-'))
  const port = await freePort()
  const service = LiveService.start({
    dataDir: join(folder, 'data'),
    rules: writeRules(folder),
    flags: ['--memory', '16MiB'],
    within: ['env', `NODE_OPTIONS=--inspect=127.0.0.1:${port} --max-old-space-size=${heapMiB} --max-semi-space-size=4`],
  })
  try {
    await service.ready()
    const inspector = await Inspector.open(port)
    const client = new RawClient(await service.address())
    const figures = await sendSlices(options, service, inspector, client)
    inspector.close()
    await service.stop()
    return { figures, statuses: client.statuses }
  } finally {
    await service.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function sendSlices(
  { warmUp, slices, requestsPerSlice, staying, seed, onFigures = () => {} }: GrowthOptions,
  service: LiveService,
  inspector: Inspector,
  client: RawClient,
): Promise<readonly Figures[]> {
  const conversations = new Conversations(seed)
  const found: Figures[] = []
  let requests = 0
  for (let slice = 0; slice <= slices; slice++) {
    const taken = conversations.take(slice === 0 ? warmUp : requestsPerSlice)
    const stayingOnes = client.holdAll(conversations.takeStaying(staying), staying)
    await client.holdAll(taken, connectionsAtOnce)
    await stayingOnes
    requests += staying + taken.reduce((sum, conversation) => sum + conversation.requests, 0)
    const figures = { requests, ...(await figuresOf(service, inspector)) }
    onFigures(figures)
    found.push(figures)
  }
  return found
}

async function figuresOf(service: LiveService, inspector: Inspector): Promise<Omit<Figures, 'requests'>> {
  // It lets go of connections that were cut off a little later.
  let openFiles = Number.POSITIVE_INFINITY
  await service.until('has closed what was cut off', async () => {
    const before = openFiles
    openFiles = filesOf(service.pid).files
    return openFiles >= before
  })
  await service.atRest()
  const heaps = await inspector.heaps()
  const metrics = await service.metrics()
  const metric = (name: string): number => metrics.get(name) ?? Number.NaN
  const status = readFileSync(`/proc/${service.pid}/status`, 'utf8')
  return {
    ...heaps,
    rssBytes: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024,
    ...filesOf(service.pid),
    events: metric('vigil_events_applied_total'),
    actors: metric('vigil_actors_resident'),
    stateBytes: metric('vigil_state_bytes'),
  }
}

function filesOf(pid: number): { readonly files: number; readonly sockets: number } {
  const folder = `/proc/${pid}/fd`
  const targets = readdirSync(folder).flatMap((file) => {
    try {
      return [readlinkSync(join(folder, file))]
    } catch {
      // Closed in between.
      return []
    }
  })
  return { files: targets.length, sockets: targets.filter((target) => target.startsWith('socket:')).length }
}

/** @returns the folder */
function writeRules(folder: string): string {
  const rules = join(folder, 'rules')
  mkdirSync(rules)
  for (const [file, text] of Object.entries(ruleFiles)) writeFileSync(join(rules, file), text)
  return rules
}

const ruleFiles = {
  'events.yaml': `events:
  transaction:
    fields: { account: string, amount: money, note: optional<string>, merchant: { id: optional<string> }, tags: optional<list<string>>, visits: optional<int> }
    keys: { account: account }
`,
  'large.rule.yaml': 'rule: large\nwhen: amount > 100\nscore: 50\nseverity: high\n',
  'many.rule.yaml':
    'rule: many\nfeatures: { n: { count: all, over: 1h } }\nwhen: n % 50 == 0\nscore: 20\nseverity: low\n',
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Some three times what the service needs at rest: one that leaks ends. */
const heapMiB = 128
const connectionsAtOnce = 24
