import { describe, expect, it } from 'vitest'
import { ingestLimits } from './ingest-limits.ts'
import { Notices } from './notices.ts'
import { noSourceCounts } from './source-counts.ts'

function told() {
  const lines: string[] = []
  const clock = { now: 1_000_000 }
  return {
    lines,
    clock,
    notices: new Notices(
      'cards',
      (line) => lines.push(line),
      () => clock.now,
    ),
  }
}

describe('the lines about a source', () => {
  it('say at once that it is away, then once a minute, and that it is back', () => {
    const { lines, clock, notices } = told()
    notices.isAway('is away')
    notices.isAway('is away')
    clock.now += ingestLimits.noticeEveryMs
    notices.isAway('is away still')
    notices.isBack('is read')
    notices.isAway('is away')
    expect(lines).toEqual([
      'source cards is away',
      'source cards is away still',
      'source cards is read',
      'source cards is away',
    ])
  })

  it('say nothing of a short wait, and of a long one why, and that it goes on', () => {
    const { lines, clock, notices } = told()
    notices.waits('the disk is full')
    clock.now += 1_999
    notices.waits('the disk is full')
    notices.waits(undefined)
    expect(lines).toEqual([])
    notices.waits('the disk is full')
    clock.now += 2_000
    notices.waits('the disk is full')
    notices.waits('the disk is full')
    notices.waits(undefined)
    notices.waits(undefined)
    expect(lines).toEqual(['source cards waits: the disk is full', 'source cards goes on'])
  })

  it('count dead letters by reason, at most once a minute', () => {
    const { lines, clock, notices } = told()
    const counts = noSourceCounts()
    notices.letters(counts)
    counts.deadLetters.set('bad-json', 2)
    notices.letters(counts)
    counts.deadLetters.set('too-large', 1)
    notices.letters(counts)
    clock.now += ingestLimits.noticeEveryMs
    counts.droppedLetters = 5
    notices.letters(counts)
    expect(lines).toEqual([
      'source cards has 2 more dead letters (since the start 2 bad-json); vigil deadletters list shows them',
      'source cards has 1 more dead letters (since the start 2 bad-json, 1 too-large); 5 old ones went for the want of room; vigil deadletters list shows them',
    ])
  })
})
