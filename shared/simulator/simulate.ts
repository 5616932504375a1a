import { InvariantBroken, type InvariantName } from './broken.ts'
import type { Fault } from './faults.ts'
import { OwnerSettings } from './owner-settings.ts'
import { StepHash } from './step-hash.ts'
import { soundParts, World, type WorldParts } from './world.ts'

/** What came of one run of a world. */
export interface Run {
  readonly seed: number
  /** Of all that took effect, in order: equal runs have equal hashes. */
  readonly hash: string
  /** In order. */
  readonly faults: readonly Fault[]
  /** Ids of the payments that were to be sent. */
  readonly payments: readonly string[]
  /** undefined: all invariants hold. */
  readonly broken: { readonly invariant: InvariantName; readonly detail: string } | undefined
  /** What took effect, with its virtual time in ms; empty unless it was to be kept. */
  readonly steps: readonly string[]
  readonly counts: RunCounts
}

export interface RunCounts {
  readonly steps: number
  readonly records: number
  readonly commits: number
  readonly entries: number
}

interface RunOptions {
  /** Names of the faults that may happen; undefined: all. */
  readonly faults?: ReadonlySet<string>
  /** Ids of the payments that are sent; undefined: all. */
  readonly payments?: ReadonlySet<string>
  readonly keepsSteps?: boolean
  /** Whether what was told is compared with the oracles, which changes nothing else. Default: true. */
  readonly compares?: boolean
}

/** Runs worlds. Deterministic: the same seed gives the same run. Keeps what is dear to make again. */
export class Simulator {
  readonly #owners = new OwnerSettings()
  readonly #parts: WorldParts

  /** @param parts what worlds are made of; default: what is right */
  constructor(parts: WorldParts = soundParts) {
    this.#parts = parts
  }

  /** Runs the seed twice: both must be the same. */
  check(seed: number): Run {
    const run = this.run(seed)
    if (run.broken !== undefined) return run
    const { hash } = this.run(seed, { compares: false })
    if (hash === run.hash) return run
    return { ...run, broken: { invariant: 'determinism', detail: `the hash was ${run.hash} and is ${hash}` } }
  }

  run(seed: number, { faults, payments, keepsSteps = false, compares = true }: RunOptions = {}): Run {
    const steps: string[] = []
    const hash = new StepHash()
    const world = new World({
      seed,
      owners: this.#owners,
      parts: this.#parts,
      ...(faults === undefined ? {} : { faults }),
      ...(payments === undefined ? {} : { payments }),
      onStep: (text) => {
        hash.add(text)
        if (keepsSteps) steps.push(text)
      },
    })
    const broken = brokenIn(() => {
      world.live()
      if (compares) world.compare()
    })
    const { happened } = world.faults
    for (const { name } of happened) hash.add(name)
    for (const entry of world.witness.entries.values()) hash.add(entry)
    for (const judgement of world.witness.judgements.values()) hash.add(judgement)
    return {
      seed,
      hash: hash.text,
      faults: happened,
      payments: world.plan.payments.flatMap(({ payment: { id } }) => (payments?.has(id) === false ? [] : [id])),
      broken,
      steps,
      counts: {
        steps: hash.count,
        records: world.log.archive.length,
        commits: world.witness.commits,
        entries: world.witness.entries.size,
      },
    }
  }
}

function brokenIn(run: () => void): Run['broken'] {
  try {
    run()
    return undefined
  } catch (error) {
    if (!(error instanceof InvariantBroken)) throw error
    return { invariant: error.invariant, detail: error.message }
  }
}
