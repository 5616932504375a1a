import { Random } from '#shared/generator/random'

export type LogKind = 'nats' | 'kafka'

/** What is troubled: the service, or one of its servers or the way to it. */
export const targets = ['vigil', 'log', 'redis', 'postgres'] as const
export type Target = (typeof targets)[number]

export type FaultKind =
  /** SIGKILL, and started again when the time is over. */
  | 'kill'
  /** SIGSTOP, SIGCONT when the time is over. */
  | 'pause'
  /** All connections are cut. */
  | 'cut'
  /** All connections are cut as soon as so many more bytes have passed in one direction, so in the middle of something. */
  | 'cut-amid'
  /** Every piece of bytes comes so much later, for a time. */
  | 'delay'
  /** Nothing passes in one direction for a time; then all of it comes. */
  | 'hold'
  /** One direction of all connections ends, and what is sent there later is lost. */
  | 'half-close'
  /** All connections are cut, and new ones for a time. */
  | 'refuse'

export interface PlannedFault {
  /** From the start, ms. */
  readonly at: number
  readonly target: Target
  readonly kind: FaultKind
  /** How long it stays, ms; 0 where it is a matter of a moment. */
  readonly forMs: number
  /** Of `delay`, for each piece. */
  readonly delayMs: number
  /** Of `cut-amid`. */
  readonly afterBytes: number
  /** Of those with a direction. */
  readonly isTowardsServer: boolean
}

/**
 * All faults of a run, in order of time: a function of its arguments alone. A deck of every kind on every target is dealt again and again, so
 * that even a short run meets most of them. They come in bouts, and between these there is time to recover.
 */
export function planFaults(seed: number, lengthMs: number, log: LogKind): readonly PlannedFault[] {
  const restMs = restMsOf[log]
  const random = new Random(seed)
  const planned: PlannedFault[] = []
  let left: Card[] = []
  for (let at = firstMs; at < lengthMs; at += minGapMs + random.exponential(meanGapMs)) {
    const within = at % (boutMs + restMs)
    if (within > boutMs) at += boutMs + restMs - within
    if (at >= lengthMs) break
    if (left.length === 0) left = shuffled(deck, random)
    const [target, kind] = left.pop()!
    planned.push({
      at: Math.round(at),
      target,
      kind,
      forMs: Math.round(lasting.has(kind) ? lengthOf(target, kind, random) : 0),
      delayMs: random.integer(5, 300),
      afterBytes: random.integer(1, 40_000),
      isTowardsServer: random.chance(0.5),
    })
  }
  return planned
}

type Card = readonly [Target, FaultKind]

const proxied: readonly FaultKind[] = ['cut', 'cut-amid', 'cut-amid', 'delay', 'hold', 'hold', 'half-close', 'refuse']
const deck: readonly Card[] = [
  ...(['kill', 'kill', 'kill', 'kill', 'pause', 'pause'] as const).map((kind): Card => ['vigil', kind]),
  ...(['log', 'redis', 'postgres'] as const).flatMap((target) =>
    (['kill', 'pause', ...proxied] as const).map((kind): Card => [target, kind]),
  ),
]

const lasting: ReadonlySet<FaultKind> = new Set(['kill', 'pause', 'delay', 'hold', 'refuse'])

/** Mostly short; some outlast the times after which clients give up. */
function lengthOf(target: Target, kind: FaultKind, random: Random): number {
  if (kind === 'kill') return target === 'vigil' ? random.between(0, 500) : random.between(0, 3_000)
  return random.chance(longShare) ? random.between(3_000, 9_000) : random.between(100, 2_000)
}

function shuffled(cards: readonly Card[], random: Random): Card[] {
  const left = [...cards]
  for (let i = left.length - 1; i > 0; i--) {
    const j = random.integer(0, i)
    ;[left[i], left[j]] = [left[j], left[i]]
  }
  return left
}

const longShare = 0.2
const firstMs = 1_000
const minGapMs = 50
const meanGapMs = 700
const boutMs = 15_000
/** A broker of Kafka that was killed is back only then, on a machine that has more to do. */
const restMsOf: Readonly<Record<LogKind, number>> = { nats: 12_000, kafka: 25_000 }
