import type { WriteStream } from 'node:tty'
import type { AlertRevision } from '#shared/actor/alert'
import type { RuleSet } from '#shared/rule-language/rule-set'

const colours: Readonly<Record<string, string>> = {
  low: '\x1b[36m',
  medium: '\x1b[33m',
  high: '\x1b[35m',
  critical: '\x1b[31m',
}
const plain = '\x1b[0m'

/** Alerts as a person reads them, above a status line where there is a terminal. */
export class AlertPrinter {
  readonly #ruleSet: RuleSet
  readonly #stream: WriteStream
  #status = ''

  constructor(ruleSet: RuleSet, stream: WriteStream) {
    this.#ruleSet = ruleSet
    this.#stream = stream
  }

  print({ status, hit }: AlertRevision): void {
    const rule = this.#ruleSet.rules[hit.rule]
    const at = new Date(hit.at).toISOString().slice(0, 16).replace('T', ' ')
    const severity = rule.severity.padEnd(8)
    const coloured = this.#stream.isTTY ? `${colours[rule.severity]}${severity}${plain}` : severity
    const revised = status === 'raised' ? '' : ` (${status})`
    const by = this.#ruleSet.events.keys[hit.actor.population]
    this.#line(
      `${at}  ${coloured}  ${rule.reason ?? rule.name}  ${by} ${hit.actor.key}: ${hit.message ?? rule.title}${revised}`,
    )
  }

  status(events: number, actors: number, eventsPerSecond: number): void {
    const n = (count: number): string => Math.round(count).toLocaleString('en')
    this.#status = `${n(events)} events · ${n(actors)} accounts, cards, terminals and devices · ${n(eventsPerSecond)} events/s`
    if (this.#stream.isTTY) this.#stream.write(`\r\x1b[2K${this.#status}`)
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[2K')
    else this.#stream.write(`${this.#status}\n`)
  }

  #line(text: string): void {
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[2K${text}\n${this.#status}` : `${text}\n`)
  }
}
