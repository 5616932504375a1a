import { setTimeout } from 'node:timers/promises'
import type { BankClient } from '../kills/bank-client.ts'

/**
 * Sends all rows as the clock goes; behind it, as fast as they are taken. Which rows share a request, and with it a trace, depends on neither.
 * @param rate rows a second
 */
export async function sendAtRate(client: BankClient, rows: number, rate: number): Promise<void> {
  const startedAt = performance.now()
  for (let row = 0; row < rows; ) {
    row = Math.min(row + batchLength, rows)
    await setTimeout(Math.max(0, (row / rate) * 1_000 - (performance.now() - startedAt)))
    await client.send(row)
  }
}

const batchLength = 100
