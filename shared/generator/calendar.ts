import type { Random } from './random.ts'
import { cumulate } from './random.ts'

export const secondMs = 1_000
export const minuteMs = 60_000
export const hourMs = 3_600_000
export const dayMs = 86_400_000

/** A day of the bank's civil calendar (central European time). */
export interface Day {
  /** Days since 1970-01-01, local. */
  readonly number: number
  /** Local midnight, ms since 1970. */
  readonly startMs: number
  readonly dayOfMonth: number
  /** 0 is Sunday. */
  readonly weekday: number
}

/** The local day that holds this instant. */
export const localDay = (atMs: number): number => Math.floor((atMs + offsetMs(atMs)) / dayMs)

export function day(number: number): Day {
  const date = new Date(number * dayMs)
  const startMs = number * dayMs - offsetMs(number * dayMs)
  return { number, startMs, dayOfMonth: date.getUTCDate(), weekday: date.getUTCDay() }
}

/** Monday to Friday, 9 to 17 local. */
export function isWorkingTime(atMs: number): boolean {
  const localMs = atMs + offsetMs(atMs)
  const weekday = (Math.floor(localMs / dayMs) + 4) % 7
  const hour = Math.floor((localMs % dayMs) / hourMs)
  return weekday >= 1 && weekday <= 5 && hour >= 9 && hour < 17
}

/** Central European time is UTC+1; UTC+2 from the last Sunday of March to that of October, 01:00 UTC. */
function offsetMs(atMs: number): number {
  const year = new Date(atMs).getUTCFullYear()
  return atMs >= lastSunday(year, 2) && atMs < lastSunday(year, 9) ? 2 * hourMs : hourMs
}

function lastSunday(year: number, month: number): number {
  const lastDay = new Date(Date.UTC(year, month + 1, 0))
  return Date.UTC(year, month, lastDay.getUTCDate() - lastDay.getUTCDay(), 1)
}

/** Weights of the 24 hours of a local day. */
export type Rhythm = readonly number[]

const rhythm = (...weights: number[]): Rhythm => cumulate(weights)

export const shopRhythm = rhythm(0, 0, 0, 0, 0, 1, 4, 9, 8, 7, 8, 10, 16, 11, 8, 8, 10, 14, 15, 10, 7, 5, 3, 1)
export const studentRhythm = rhythm(2, 1, 0, 0, 0, 0, 1, 4, 6, 7, 8, 9, 14, 10, 8, 8, 9, 11, 13, 13, 12, 11, 8, 5)
export const pensionerRhythm = rhythm(0, 0, 0, 0, 0, 0, 2, 6, 13, 18, 18, 14, 9, 6, 9, 11, 9, 6, 4, 2, 1, 1, 0, 0)
export const onlineRhythm = rhythm(2, 1, 0, 0, 0, 1, 2, 4, 6, 7, 7, 7, 9, 8, 7, 7, 7, 8, 10, 13, 17, 18, 13, 6)

/** How much is bought on each day of the week, from Sunday; the mean is 1. */
export const weekdayFactor = [0.6, 0.9, 0.9, 0.95, 1.0, 1.2, 1.45]

/** An instant of the day, its hour drawn from the rhythm. */
export function drawTime(random: Random, day: Day, hours: Rhythm): number {
  return day.startMs + random.pickWeighted(hours) * hourMs + Math.floor(random.unit() * hourMs)
}
