import { readFileSync } from 'node:fs'
import { ArenaFullError } from '#shared/memory/words'
import { nearest } from '#shared/rule-language/diagnostic'
import { InputFailed, InputRefused } from '#shared/wire/input-failure'
import { OutputFailed } from '#shared/wire/line-writer'
import type { Command } from './command.ts'
import { deadLettersListCommand, deadLettersReplayCommand, deadLettersShowCommand } from './dead-letters-command.ts'
import { demoCommand } from './demo-command.ts'
import { exitCodes, FoundErrors, NotStarted } from './failure.ts'
import { generateCommand } from './generate-command.ts'
import { replayCommand } from './replay-command.ts'
import { rulesCheckCommand, rulesSchemaCommand, rulesTestCommand } from './rules-command.ts'
import { sendCommand } from './send/send-command.ts'
import { serveCommand } from './serve/serve-command.ts'
import { simulateCommand } from './simulate-command.ts'
import { sourcesCheckCommand } from './sources-command.ts'

const nodeMajorMin = 24

const commands: readonly Command[] = [
  serveCommand,
  sendCommand,
  replayCommand,
  rulesCheckCommand,
  rulesTestCommand,
  rulesSchemaCommand,
  sourcesCheckCommand,
  deadLettersListCommand,
  deadLettersShowCommand,
  deadLettersReplayCommand,
  generateCommand,
  simulateCommand,
  demoCommand,
]

/** Whoever kills the launcher means the program. */
function endWithLauncher(): void {
  if (process.channel === undefined || process.channel === null) return
  process.channel.unref()
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
}

async function main(args: readonly string[]): Promise<number> {
  endWithLauncher()
  const nodeMajor = Number(process.versions.node.split('.')[0])
  if (nodeMajor < nodeMajorMin) {
    console.error(
      `vigil needs Node ${nodeMajorMin} or newer and runs on ${process.version}; start it by npx vigil or npm start`,
    )
    return exitCodes.notStarted
  }
  const command = commands.find(({ name }) => name === args[0] || name === `${args[0]} ${args[1]}`)
  endWithStdout(command?.name)
  if (command === undefined) return showCommands(args)
  const rest = args.slice(command.name.split(' ').length)
  if (rest.some(isHelp)) {
    process.stdout.write(`${typeof command.help === 'string' ? command.help : await command.help()}\n`)
    return exitCodes.done
  }
  endOnSignal(command.name)
  return command.run(rest).catch((error: unknown) => explain(error, command.name))
}

const version = (): string => JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

const isHelp = (word: string): boolean => word === '--help' || word === '-h'

/** Nobody reads any further (`| head`), or the disk is full: whatever the command writes, that ends it. */
function endWithStdout(command: string | undefined): void {
  process.stdout.on('error', (error) => process.exit(explain(new OutputFailed('stdout', error, true), command)))
}

/** What a run that is stopped leaves: results take their place only when they are complete. */
function endOnSignal(command: string): void {
  const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  for (const [signal, code] of Object.entries(signals))
    process.on(signal, () => {
      console.error(`\nvigil ${command}: stopped; files of earlier runs are as they were`)
      process.exit(code)
    })
}

/** @param args name no command */
function showCommands(args: readonly string[]): number {
  const [first, second = '--help'] = args
  if (first === '--version') {
    process.stdout.write(`vigil ${version()}\n`)
    return exitCodes.done
  }
  const isGroup = commands.some(({ name }) => name.startsWith(`${first} `))
  if (first === 'help' || (first !== undefined && isHelp(first)) || (isGroup && isHelp(second) && args.length > 1)) {
    process.stdout.write(`${overview(isGroup ? first : '')}\n`)
    return exitCodes.done
  }
  if (first === undefined) console.error(overview(''))
  else if (isGroup && args.length === 1) console.error(`vigil: which of these?\n\n${overview(first)}`)
  else console.error(unknownCommand(args))
  return exitCodes.notStarted
}

/** What a person can do something about is told in a sentence; anything else is a mistake of ours and shows where it happened. */
function explain(error: unknown, command: string | undefined): number {
  const vigil = command === undefined ? 'vigil' : `vigil ${command}`
  if (error instanceof NotStarted || error instanceof InputRefused) {
    console.error(`${vigil}: ${error.message}`)
    if (error instanceof NotStarted && error.cause === undefined) console.error(`${vigil} --help shows the flags`)
    return exitCodes.notStarted
  }
  if (error instanceof OutputFailed) {
    if (error.isReaderGone) return exitCodes.done
    console.error(`${vigil}: ${error.message}`)
    return error.isStarted ? exitCodes.foundWrong : exitCodes.notStarted
  }
  if (error instanceof FoundErrors || error instanceof InputFailed || error instanceof ArenaFullError)
    console.error(`${vigil}: ${error.message}`)
  else console.error(error)
  return exitCodes.foundWrong
}

/** @param group all commands if empty */
function overview(group: string): string {
  const shown = commands.filter(({ name }) => group === '' || name.startsWith(`${group} `))
  const width = Math.max(...shown.map(({ name }) => name.length))
  const lines = shown.map(({ name, summary }) => `  vigil ${name.padEnd(width)}  ${summary}`)
  return `Vigil watches every account of a bank for fraud.\n\n${lines.join('\n')}\n\nEach has --help with its flags and examples.`
}

function unknownCommand(args: readonly string[]): string {
  const isGroup = commands.some(({ name }) => name.startsWith(`${args[0]} `))
  const written = isGroup && args[1] !== undefined ? `${args[0]} ${args[1]}` : args[0]
  // `chek` means `rules check`: the last word of a name counts as well, unless it is a name itself or an earlier one's.
  const lastWords = commands.map(({ name }) => [name.split(' ').at(-1) ?? name, name] as const)
  const words = new Map([...lastWords.toReversed(), ...commands.map(({ name }) => [name, name] as const)])
  const near = words.get(nearest(written, words.keys()) ?? '')
  return `vigil: there is no command "${written}"${near === undefined ? '' : `; did you mean ${near}?`}\n\n${overview('')}`
}

process.exitCode = await main(process.argv.slice(2))
