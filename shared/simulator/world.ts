import type { OwnerFailure } from '#shared/protocol/owner-io'
import type { OwnerOptions } from '#shared/protocol/owner-options'
import { PartitionOwner } from '#shared/protocol/partition-owner'
import { Bank } from './bank.ts'
import { broken } from './broken.ts'
import { type CalmResult, runCalmly } from './calm-run.ts'
import { draw } from './draw.ts'
import { Faults } from './faults.ts'
import { readOutboxRecord } from './outbox-record.ts'
import type { OwnerSettings } from './owner-settings.ts'
import { oracleRules, placeName, standingAlerts } from './slow-oracle.ts'
import { VirtualAlertStore } from './virtual-alert-store.ts'
import { VirtualCheckpointStore } from './virtual-checkpoint-store.ts'
import { VirtualClock } from './virtual-clock.ts'
import { type SimulatedOwner, type Surroundings, VirtualDetector } from './virtual-detector.ts'
import { VirtualLog } from './virtual-log.ts'
import { VirtualNetwork } from './virtual-network.ts'
import { VirtualSnapshots } from './virtual-snapshots.ts'
import { Witness } from './witness.ts'
import { latenessMs, planWorld, startAt, type WorldPlan } from './world-plan.ts'

/** What a world is made of. A mutation has another part, with a check left out. */
export interface WorldParts {
  log(): VirtualLog
  checkpoints(log: VirtualLog): VirtualCheckpointStore
  alerts(): VirtualAlertStore
  owner(options: OwnerOptions): SimulatedOwner
}

export const soundParts: WorldParts = {
  log: () => new VirtualLog(),
  checkpoints: () => new VirtualCheckpointStore(),
  alerts: () => new VirtualAlertStore(),
  owner: (options) => new PartitionOwner(options),
}

export interface WorldOptions {
  readonly seed: number
  readonly owners: OwnerSettings
  readonly parts: WorldParts
  /** Faults that may happen, by name; undefined: all. */
  readonly faults?: ReadonlySet<string>
  /** Payments that are sent, by id; undefined: all. */
  readonly payments?: ReadonlySet<string>
  /** Called with each thing that takes effect. */
  readonly onStep: (text: string) => void
}

/**
 * One simulated world: a bank, a log, stores, and detectors that own the partition one after the other and at times at once. While faults
 * happen nothing may be wrong (safety); once they have stopped, all must come right within a bounded time (liveness).
 */
export class World {
  readonly faults: Faults
  readonly witness: Witness
  readonly log: VirtualLog
  readonly clock = new VirtualClock()
  readonly plan: WorldPlan
  readonly #options: WorldOptions
  readonly #checkpoints: VirtualCheckpointStore
  readonly #snapshots: VirtualSnapshots
  readonly #alerts: VirtualAlertStore
  readonly #bank: Bank
  readonly #surroundings: Surroundings
  /** By number; undefined: down. */
  readonly #detectors: (VirtualDetector | undefined)[] = []
  #lives = 0
  #hasSettled = false
  /** Started after all that was there before has ended, with the newest rules. */
  #last: VirtualDetector | undefined
  #isStopping = false

  constructor(options: WorldOptions) {
    const { seed, parts } = options
    this.#options = options
    this.plan = planWorld(seed)
    const { clock } = this
    const onStep = (text: string): void => options.onStep(`${clock.now} ${text}`)
    const faults = new Faults(seed, this.plan.rates, options.faults)
    const log = parts.log()
    const witness = new Witness(log)
    const network = new VirtualNetwork({ seed, clock, faults, onStep })
    this.faults = faults
    this.log = log
    this.witness = witness
    this.#checkpoints = parts.checkpoints(log)
    this.#alerts = parts.alerts()
    this.#bank = new Bank({ clock, network, faults, log, witness })
    this.#snapshots = new VirtualSnapshots(this.#checkpoints)
    const stores = { checkpoints: this.#checkpoints, snapshots: this.#snapshots, alerts: this.#alerts }
    this.#surroundings = { seed, clock, network, faults, log, ...stores, witness, startAt, onStep }
    for (const planned of this.plan.payments)
      if (options.payments?.has(planned.payment.id) !== false) this.#bank.plan(planned)
  }

  /** Lives from start to end. Throws InvariantBroken. */
  live(): void {
    const { clock, plan } = this
    for (let number = 0; number < plan.detectors; number++) this.#detectors.push(undefined)
    this.#start(0)
    this.#disturb()
    clock.after(plan.healsAt, () => this.#heal())
    for (let steps = 0; !this.#isAtRest(); steps++) {
      if (clock.now > plan.healsAt + convergesWithinMs || steps > stepsMax)
        broken(
          'convergence',
          `nothing goes wrong any more since ${plan.healsAt}, and the world does not come to rest: ${this.#state()}`,
        )
      clock.step()
    }
    this.#isStopping = true
    const last = this.#last
    last?.stop()
    for (let steps = 0; last?.isAlive === true; steps++) {
      if (steps > stepsMax) broken('convergence', `${last.name} does not stop`)
      clock.step()
    }
    if (last?.isStopped !== true) broken('failures', `${last?.name} was told to stop and failed`)
  }

  #isAtRest(): boolean {
    const up = this.#detectors.filter((detector) => detector?.isAlive === true)
    if (this.#last?.isAlive !== true || up.length > 1 || !this.#bank.isDone) return false
    const { position, committedPosition, outboxLength, isReady } = this.#last.owner
    return isReady && position === this.log.next - 1 && committedPosition === position && outboxLength === 0
  }

  #state(): string {
    const owners = this.#detectors.flatMap((detector) => {
      if (detector?.isAlive !== true) return []
      const { position, committedPosition, outboxLength, isReady } = detector.owner
      return [
        `${detector.name} ${JSON.stringify({ position, committedPosition, outboxLength, isReady, isPaused: detector.isPaused })}`,
      ]
    })
    return `${owners.join(', ') || 'nobody is up'}; the log ends at ${this.log.next - 1}; the bank ${this.#bank.isDone ? 'is done' : 'waits'}`
  }

  /** Faults of the world as a whole, looked for at each moment in which something may be sent. */
  #disturb(): void {
    const { clock, faults, log, witness } = this
    if (faults.isHealed) return
    clock.after(disturbMs, () => this.#disturb())
    if (faults.happens('second', clock.now, 'the world') !== undefined) this.#startAnother()
    const stopped = faults.happens('stop', clock.now, 'the world')
    if (stopped !== undefined) for (const detector of this.#detectors) detector?.stop()
    const back = faults.happens('store-rolled-back', clock.now, 'checkpoints')
    if (back !== undefined) {
      this.#checkpoints.rollBack(back * back)
      witness.rolledBack(this.#checkpoints.epoch)
      this.#surroundings.onStep(`the checkpoint store goes back to ${this.#checkpoints.position}`)
    }
    if (this.#hasSnapshots) this.#snapshots.take()
    if (faults.happens('snapshot-damaged', clock.now, 'snapshots') !== undefined) this.#snapshots.damage()
    if (faults.happens('store-lost', clock.now, 'checkpoints') !== undefined) {
      this.#checkpoints.clear()
      witness.rolledBack(this.#checkpoints.epoch)
      this.#surroundings.onStep('the checkpoint store loses all that it has')
    }
    const lost = faults.happens('tail-lost', clock.now, 'log')
    if (lost !== undefined) {
      // Records that were acknowledged are lost with the machine that everything runs on.
      for (const detector of this.#detectors) detector?.kill()
      const records = log.loseTail(Math.min(log.next - 1, 1 + Math.floor(lost * tailMax)))
      this.#surroundings.onStep(`the log loses ${records.length} records from ${log.next}`)
      this.#bank.tailLost(records)
    }
    const expired = faults.happens('records-expired', clock.now, 'log')
    if (expired !== undefined) this.#expire()
  }

  /** Whether the store may be lost. */
  get #hasSnapshots(): boolean {
    return this.plan.rates['store-lost'] !== undefined
  }

  /** What is older than the retention, and needed by no state that the store may go back to. */
  #expire(): void {
    const { log, clock } = this
    const before = startAt + clock.now - retentionMs
    const oldestKept = log.archive.find(({ receivedAt }) => receivedAt >= before)?.offset ?? log.next
    const needed = this.#hasSnapshots ? this.#snapshots.oldestPosition : log.next
    log.expire(Math.min(oldestKept, this.#checkpoints.oldestPosition, needed) - 1)
  }

  #heal(): void {
    this.faults.heal()
    this.#surroundings.onStep('nothing goes wrong any more')
    for (const detector of this.#detectors) detector?.resume()
    this.#ensure()
    this.clock.after(settleMs, () => this.#startLast())
  }

  /** One that has the newest rules is to be the last. */
  #startLast(): void {
    this.#hasSettled = true
    for (const detector of this.#detectors) detector?.stop()
    this.#ensure()
  }

  #startAnother(): void {
    const down = this.#detectors.flatMap((detector, number) => (detector?.isAlive === true ? [] : [number]))
    if (down.length === 0 || this.#isStopping) return
    this.#start(down[Math.floor(draw(this.#options.seed, 'who starts', this.#lives) * down.length)])
  }

  #start(number: number): void {
    const { seed, owners, parts } = this.#options
    const { plan } = this
    const life = this.#lives++
    const name = `detector ${number} (${life})`
    const isNew =
      plan.changedAt !== undefined &&
      (this.faults.isHealed || (this.clock.now >= plan.changedAt && number !== plan.backward))
    const ruleFiles = isNew ? plan.rules.after : plan.rules.before
    const { memoryBytesMax, isSmall } = plan
    this.#surroundings.onStep(`${name} starts${isNew ? ' with the new rules' : ''}`)
    const owner = parts.owner(
      owners.options({ name, ruleFiles, memoryBytesMax, isSmall, hasSnapshots: this.#hasSnapshots }),
    )
    let detector: VirtualDetector | undefined
    const again = (): void => {
      const afterMs = 50 + draw(seed, 'restart', life) * restartMs
      this.clock.after(afterMs, () => this.#ensure())
    }
    detector = new VirtualDetector(name, owner, this.#surroundings, {
      onDown: (failure) => {
        if (this.#detectors[number] === detector) this.#detectors[number] = undefined
        this.#explain(failure)
        again()
      },
      onPaused: again,
    })
    if (!detector.isAlive) return
    this.#detectors[number] = detector
    if (this.#hasSettled) this.#last = detector
  }

  /** Somebody owns the partition, unless all stand still. */
  #ensure(): void {
    if (!this.#detectors.some((detector) => detector?.isAlive === true && !detector.isPaused)) this.#startAnother()
  }

  /** What an operator does about it. */
  #explain(failure: OwnerFailure | undefined): void {
    if (failure === undefined || failure.reason === 'fenced' || failure.reason === 'conflict') return
    if (failure.reason !== 'log-regression' || !this.witness.isTailLost)
      broken('failures', `${failure.reason}: ${failure.detail}`)
    this.#surroundings.onStep('the operator removes the checkpoints and what followed from them')
    for (const detector of this.#detectors) detector?.kill()
    this.#surroundings.network.cut()
    this.#checkpoints.clear()
    this.#alerts.clear()
    this.witness.startedAnew()
  }

  /** After its life: all that was told is what the log says. Throws InvariantBroken. */
  compare(): void {
    const { log, witness, plan } = this
    for (const [id, offset] of witness.acknowledged)
      if (log.archive.filter((record) => record.id === id && record.offset === offset).length !== 1)
        broken('place', `${id} was acknowledged at ${offset} and is not there`)
    const { owners, parts } = this.#options
    const ruleFiles = plan.changedAt === undefined ? plan.rules.before : plan.rules.after
    const options = owners.options({ name: 'calm', ruleFiles, memoryBytesMax: 2 ** 20, isSmall: false })
    const calm = runCalmly(log.archive, parts.owner(options), startAt)
    compareMaps('entry', witness.entries, calm.entries)
    for (const [offset, judgement] of witness.judgements)
      if (calm.judgements.get(offset) !== judgement)
        broken('calm', `the judgement at ${offset} was ${judgement}, and should be ${calm.judgements.get(offset)}`)
    compareMaps('alert', joined(this.#alerts.alerts), joined(calm.alerts.alerts))
    compareMaps('decision', joined(this.#alerts.decisions), joined(calm.alerts.decisions))
    this.#compareWithOracle(calm)
  }

  #compareWithOracle({ alerts }: CalmResult): void {
    const names = [...this.plan.rules.before.keys()].flatMap((path) => /(\S+)\.rule\.yaml$/.exec(path)?.[1] ?? [])
    if (!names.every((name) => oracleRules.has(name)) || this.plan.changedAt !== undefined) return
    const expected = standingAlerts(this.log.archive, { names, latenessMs })
    if (expected === undefined) return
    const found = new Set<string>()
    for (const revisions of alerts.alerts.values()) {
      const record = readOutboxRecord(revisions[revisions.length - 1])
      if (record.kind === 'alert' && record.status !== 'withdrawn')
        found.add(placeName(record.rule, record.key, record.found))
    }
    for (const name of expected)
      if (!found.has(name)) broken('oracle', `the oracle finds ${name}, and the engine does not`)
    for (const name of found)
      if (!expected.has(name)) broken('oracle', `the engine finds ${name}, and the oracle does not`)
  }
}

const joined = (all: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, string> =>
  new Map([...all].map(([id, revisions]) => [id, revisions.join('\n')]))

function compareMaps<K>(what: string, found: ReadonlyMap<K, string>, expected: ReadonlyMap<K, string>): void {
  for (const [key, text] of expected)
    if (found.get(key) !== text) broken('calm', `${what} ${String(key)} is ${found.get(key)}, and should be ${text}`)
  for (const [key, text] of found)
    if (!expected.has(key)) broken('calm', `${what} ${String(key)} should not be: ${text}`)
}

/** Between two looks at what may happen to the world as a whole. */
const disturbMs = 700
/** Most records that a log loses at once. */
const tailMax = 8
/** Younger records do not expire. */
const retentionMs = 30_000
/** How long a detector is down. */
const restartMs = 2_000
/** After healing, all that is left of before has its say. */
const settleMs = 3_000
const convergesWithinMs = 90_000
const stepsMax = 300_000
