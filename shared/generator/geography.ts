export interface City {
  readonly name: string
  readonly country: string
  readonly lat: number
  readonly lon: number
  /** Share of customers (home) or of journeys (abroad) that it gets, relative to the others of its list. */
  readonly weight: number
}

/** Where the bank's customers live. */
export const homeCities: readonly City[] = [
  { name: 'Zurich', country: 'CH', lat: 47.3769, lon: 8.5417, weight: 43 },
  { name: 'Geneva', country: 'CH', lat: 46.2044, lon: 6.1432, weight: 20 },
  { name: 'Basel', country: 'CH', lat: 47.5596, lon: 7.5886, weight: 17 },
  { name: 'Lausanne', country: 'CH', lat: 46.5197, lon: 6.6323, weight: 14 },
  { name: 'Bern', country: 'CH', lat: 46.948, lon: 7.4474, weight: 13 },
  { name: 'Winterthur', country: 'CH', lat: 47.4988, lon: 8.7237, weight: 11 },
  { name: 'Lucerne', country: 'CH', lat: 47.0502, lon: 8.3093, weight: 8 },
  { name: 'St. Gallen', country: 'CH', lat: 47.4245, lon: 9.3767, weight: 8 },
  { name: 'Lugano', country: 'CH', lat: 46.0037, lon: 8.9511, weight: 6 },
  { name: 'Biel', country: 'CH', lat: 47.1368, lon: 7.2468, weight: 5 },
  { name: 'Thun', country: 'CH', lat: 46.758, lon: 7.628, weight: 4 },
  { name: 'Chur', country: 'CH', lat: 46.8508, lon: 9.532, weight: 4 },
]

/** Where they travel. */
export const foreignCities: readonly City[] = [
  { name: 'Milan', country: 'IT', lat: 45.4642, lon: 9.19, weight: 12 },
  { name: 'Munich', country: 'DE', lat: 48.1372, lon: 11.5755, weight: 12 },
  { name: 'Paris', country: 'FR', lat: 48.8566, lon: 2.3522, weight: 14 },
  { name: 'Vienna', country: 'AT', lat: 48.2082, lon: 16.3738, weight: 8 },
  { name: 'Barcelona', country: 'ES', lat: 41.3874, lon: 2.1686, weight: 10 },
  { name: 'Palma', country: 'ES', lat: 39.5696, lon: 2.6502, weight: 9 },
  { name: 'London', country: 'GB', lat: 51.5074, lon: -0.1278, weight: 10 },
  { name: 'Lisbon', country: 'PT', lat: 38.7223, lon: -9.1393, weight: 7 },
  { name: 'Athens', country: 'GR', lat: 37.9838, lon: 23.7275, weight: 6 },
  { name: 'New York', country: 'US', lat: 40.7128, lon: -74.006, weight: 6 },
  { name: 'Dubai', country: 'AE', lat: 25.2048, lon: 55.2708, weight: 4 },
  { name: 'Bangkok', country: 'TH', lat: 13.7563, lon: 100.5018, weight: 5 },
  { name: 'Tokyo', country: 'JP', lat: 35.6762, lon: 139.6503, weight: 3 },
  { name: 'Cape Town', country: 'ZA', lat: -33.9249, lon: 18.4241, weight: 2 },
]

/** Every city by its number: the home cities first. */
export const cities: readonly City[] = [...homeCities, ...foreignCities]

/** Great-circle distance (haversine on a sphere of 6,371 km). */
export function distanceKm(a: City, b: City): number {
  const radians = Math.PI / 180
  const halfLat = Math.sin(((b.lat - a.lat) * radians) / 2)
  const halfLon = Math.sin(((b.lon - a.lon) * radians) / 2)
  const chord = halfLat * halfLat + Math.cos(a.lat * radians) * Math.cos(b.lat * radians) * halfLon * halfLon
  return 2 * 6371 * Math.asin(Math.sqrt(chord))
}

/** Home cities within commuting distance, nearest first; the city itself left out. */
export function commutableFrom(home: number): number[] {
  const commutableKm = 80
  return homeCities
    .map((city, index) => ({ index, km: distanceKm(homeCities[home], city) }))
    .filter(({ index, km }) => index !== home && km <= commutableKm)
    .sort((a, b) => a.km - b.km)
    .map(({ index }) => index)
}
