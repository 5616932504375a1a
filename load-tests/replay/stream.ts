import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

/**
 * Writes a seeded stream of card payments as JSON Lines, about 270 bytes each, in order of time: ten days, accounts drawn with a density
 * of 1/√rank, now and then a burst of one account.
 */
export async function writeStream(
  file: string,
  options: { events: number; accounts: number; seed: number },
): Promise<void> {
  const out = createWriteStream(file)
  const random = mulberry32(options.seed)
  const stepMs = (10 * 86_400_000) / options.events
  let account = 0
  let burst = 0
  let lines: string[] = []
  for (let i = 0; i < options.events; i++) {
    if (burst > 0) burst--
    else {
      account = Math.floor(random() ** 2 * options.accounts)
      burst = random() < 0.02 ? 1 + Math.floor(random() * 5) : 0
    }
    lines.push(line(i, Math.floor(streamStart + i * stepMs), account, random))
    if (lines.length === 4096) {
      if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain')
      lines = []
    }
  }
  out.end(lines.map((text) => `${text}\n`).join(''))
  await once(out, 'finish')
}

const streamStart = Date.UTC(2026, 0, 1)
const channels = ['pos', 'pos', 'pos', 'ecommerce', 'ecommerce', 'atm']
const countries = ['CH', 'CH', 'CH', 'CH', 'DE', 'FR', 'IT', 'AT']

function line(i: number, at: number, account: number, random: () => number): string {
  const shop = Math.floor(random() ** 2 * 50_000)
  const amount = Math.round((random() < 0.1 ? 1 + 8 * random() : Math.exp(2 + 3.2 * random())) * 100) / 100
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)]
  return (
    `{"id":"tx-${String(i).padStart(10, '0')}","at":${at},"account":"acc_${String(account).padStart(10, '0')}","amount":${amount},` +
    `"merchant":{"id":"m_${String(shop).padStart(8, '0')}","name":"Shop ${shop}","country":"${pick(countries)}","mcc":"${5000 + (shop % 900)}"},` +
    `"channel":"${pick(channels)}","currency":"CHF","device":"d_${(account * 2654435761).toString(16).slice(0, 12)}"}`
  )
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
