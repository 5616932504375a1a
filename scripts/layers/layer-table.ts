// Which folder may import which. A folder that is not listed here may not exist under shared/, so a new one starts with a
// decision about its place.

interface PureLayer {
  readonly layers: ReadonlyArray<string>
  readonly packages: ReadonlyArray<string>
}

/** Folders that cannot reach the world: what they may import, beside themselves. */
export const pureLayers: Readonly<Record<string, PureLayer>> = {
  domain: { layers: [], packages: ['@noble/hashes'] },
  memory: { layers: ['domain'], packages: [] },
  generator: { layers: ['domain'], packages: [] },
  cep: { layers: ['domain', 'memory'], packages: [] },
  'rule-language': {
    layers: ['domain', 'cep'],
    packages: ['yaml', '@marcbachmann/cel-js', 're2js', '@noble/hashes'],
  },
  features: { layers: ['domain', 'memory', 'rule-language'], packages: [] },
  actor: { layers: ['domain', 'memory', 'features', 'cep', 'rule-language'], packages: [] },
  checkpoint: { layers: ['domain', 'memory', 'actor'], packages: [] },
  protocol: {
    layers: ['domain', 'memory', 'generator', 'cep', 'rule-language', 'features', 'actor', 'checkpoint'],
    packages: [],
  },
  simulator: {
    layers: ['domain', 'memory', 'generator', 'cep', 'rule-language', 'features', 'actor', 'checkpoint', 'protocol'],
    packages: [],
  },
}

/**
 * Single files that may import more than their folder, as pure as it; only tests may import them, so that nothing else comes to reach as
 * far through them.
 */
export const bridges: Readonly<Record<string, PureLayer>> = {
  // Judges look for it beside the matcher that they judge; it hands the vectors to the rule language and to the actors.
  'shared/cep/vectors-adapter.ts': {
    layers: ['domain', 'memory', 'features', 'rule-language', 'actor'],
    packages: ['yaml', '@marcbachmann/cel-js'],
  },
}

/** Folders that hold Effect and the clients of servers. */
export const edgeLayers: ReadonlyArray<string> = ['log', 'store', 'wire', 'telemetry']

/** What a test in a pure folder may import although its folder may not. */
export const testPackages: ReadonlyArray<string> = ['vitest', 'fast-check']

/** Names that read the world, by their identifier. Their use is forbidden in pure folders, with what to do instead. */
export const worldNames: Readonly<Record<string, string>> = {
  process: 'take what you need as an argument',
  console: 'return the text, and let a service print it',
  globalThis: 'take what you need as an argument',
  performance: 'take the time as an argument',
  crypto: 'take the seed as an argument, or hash with @noble/hashes',
  fetch: 'let a service do the request and pass its answer in',
  setTimeout: 'make the timer an input of the state machine',
  setInterval: 'make the timer an input of the state machine',
  setImmediate: 'return, and let the caller go on',
  queueMicrotask: 'return, and let the caller go on',
  WeakRef: 'what a garbage collector did must not be seen; bound the memory by a limit',
  FinalizationRegistry: 'what a garbage collector did must not be seen; bound the memory by a limit',
}
