import { expect, test } from 'vitest'
import { coffee, large, login, probe, small, strike, transfer, Watch, Writer } from './testing/watch.ts'

function probeThenStrike(contiguity: 'next' | 'followedBy' | 'followedByAny'): Watch {
  const writer = new Writer()
  return new Watch(writer, [writer.step('begin', 'probe', small), writer.step(contiguity, 'strike', large)])
}

test('next takes only the very next event', () => {
  expect(probeThenStrike('next').seeAll([probe, strike]).news()).toEqual(['matched probe 1, strike 2'])
  expect(probeThenStrike('next').seeAll([probe, coffee, strike]).news()).toEqual([])
})

test('next ends the run at an event that does not fit', () => {
  const watch = probeThenStrike('next').seeAll([probe, coffee])
  expect(watch.handle).toBe(0)
})

test('followedBy passes over what does not fit, and takes the first that does', () => {
  const watch = probeThenStrike('followedBy').seeAll([coffee, probe, coffee, strike, strike])
  expect(watch.news()).toEqual(['matched probe 2, strike 4'])
  expect(watch.handle).toBe(0)
})

test('followedByAny takes every event that fits, each in a match of its own', () => {
  const watch = probeThenStrike('followedByAny').seeAll([probe, strike, coffee, strike])
  expect(watch.news()).toEqual(['matched probe 1, strike 2', 'matched probe 1, strike 4'])
})

test('a run begins at every event that the first step takes, and runs do not disturb each other', () => {
  expect(probeThenStrike('followedBy').seeAll([probe, probe, strike]).news()).toEqual([
    'matched probe 1, strike 3',
    'matched probe 2, strike 3',
  ])
})

test('an event may be taken by one step of one run and by another of a second', () => {
  const writer = new Writer()
  const watch = new Watch(writer, [writer.step('begin', 'first', small), writer.step('next', 'second', small)])
  expect(watch.seeAll([probe, probe, probe]).news()).toEqual(['matched first 1, second 2', 'matched first 2, second 3'])
})

test('a single step is a match at once and leaves no run behind', () => {
  const writer = new Writer()
  const watch = new Watch(writer, [writer.step('begin', 'transfer', transfer)])
  expect(watch.seeAll([{ kind: 'transfer' }, coffee]).news()).toEqual(['matched transfer 1'])
  expect(watch.handle).toBe(0)
})

test('contiguity is judged step by step', () => {
  const writer = new Writer()
  const watch = new Watch(writer, [
    writer.step('begin', 'login', login),
    writer.step('followedBy', 'probe', small),
    writer.step('next', 'strike', large),
  ])
  watch.seeAll([{ kind: 'login' }, coffee, probe, strike, { kind: 'login' }, probe, coffee, strike])
  expect(watch.news()).toEqual(['matched login 1, probe 3, strike 4'])
})
