import { expect, it } from 'vitest'
import { InFlight } from './in-flight.ts'

const at = (rows: number) => ({ rows, crc32: rows })

it('acknowledges no row behind one without an answer (A1)', () => {
  const flight = new InFlight(3, at(0))
  const [first, second, third] = [10, 20, 30].map((rows) => flight.begin(at(rows)))
  flight.end(third, true)
  flight.end(second, true)
  expect(flight.acknowledged).toEqual(at(0))
  flight.end(first, true)
  expect(flight.acknowledged).toEqual(at(30))
  const given = flight.begin(at(40))
  const later = flight.begin(at(50))
  flight.end(later, true)
  flight.end(given, false)
  expect(flight.acknowledged).toEqual(at(30))
})

it('has room for as many as there are connections, and bounds how far others run ahead of one (A2)', () => {
  const flight = new InFlight(2, at(0))
  flight.begin(at(1))
  let rows = 1
  while (flight.hasRoom && rows < 5_000) flight.end(flight.begin(at(++rows)), true)
  expect(rows).toBe(1_024)
  const both = new InFlight(2, at(0))
  both.begin(at(1))
  both.begin(at(2))
  expect(both.hasRoom).toBe(false)
})

it('tells who waits that one has ended', async () => {
  const flight = new InFlight(1, at(0))
  const begun = flight.begin(at(1))
  const changed = flight.changed()
  flight.end(begun, true)
  await changed
  expect(flight.isEmpty).toBe(true)
})
