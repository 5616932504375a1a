import { ArenaFull } from '#shared/cep/run-blocks'
import { ArenaFullError } from '#shared/memory/words'
import { nearest } from '#shared/rule-language/diagnostic'
import { InputFailed, InputRefused } from '#shared/wire/input-failure'
import { OutputFailed } from '#shared/wire/line-writer'
import type { Command } from './command.ts'
import { demoCommand } from './demo-command.ts'
import { exitCodes, NotStarted } from './failure.ts'
import { generateCommand } from './generate-command.ts'
import { replayCommand } from './replay-command.ts'
import { rulesCheckCommand, rulesSchemaCommand, rulesTestCommand } from './rules-command.ts'

const nodeMajorMin = 24

const commands: readonly Command[] = [
  replayCommand,
  rulesCheckCommand,
  rulesTestCommand,
  rulesSchemaCommand,
  generateCommand,
  demoCommand,
]

async function main(args: readonly string[]): Promise<number> {
  const nodeMajor = Number(process.versions.node.split('.')[0])
  if (nodeMajor < nodeMajorMin) {
    console.error(
      `vigil needs Node ${nodeMajorMin} or newer and runs on ${process.version}; start it by npx vigil or npm start`,
    )
    return exitCodes.notStarted
  }
  if (args.length === 0 || args[0] === '--help' || args[0] === 'help') {
    console.log(overview())
    return args.length === 0 ? exitCodes.notStarted : exitCodes.done
  }
  const command = commands.find(({ name }) => name === args[0] || name === `${args[0]} ${args[1]}`)
  if (command === undefined) {
    console.error(unknownCommand(args))
    return exitCodes.notStarted
  }
  const rest = args.slice(command.name.split(' ').length)
  if (rest.includes('--help')) {
    console.log(command.help)
    return exitCodes.done
  }
  return command.run(rest).catch((error: unknown) => explain(error, command))
}

/** What a person can do something about is told in a sentence; anything else is a mistake of ours and shows where it happened. */
function explain(error: unknown, { name }: Command): number {
  if (error instanceof NotStarted || error instanceof InputRefused) {
    console.error(`vigil ${name}: ${error.message}`)
    if (error instanceof NotStarted && error.cause === undefined) console.error(`vigil ${name} --help shows the flags`)
    return exitCodes.notStarted
  }
  if (error instanceof OutputFailed) {
    if (error.isReaderGone) return exitCodes.done
    console.error(`vigil ${name}: ${error.message}`)
    return error.isStarted ? exitCodes.foundWrong : exitCodes.notStarted
  }
  if (error instanceof InputFailed || error instanceof ArenaFullError || error instanceof ArenaFull)
    console.error(`vigil ${name}: ${error.message}`)
  else console.error(error)
  return exitCodes.foundWrong
}

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `  vigil ${name.padEnd(width)}  ${summary}`)
  return `Vigil watches every account of a bank for fraud.\n\n${lines.join('\n')}\n\nEach has --help with its flags and examples.`
}

function unknownCommand(args: readonly string[]): string {
  const written = args[0] === 'rules' && args[1] !== undefined ? `rules ${args[1]}` : args[0]
  const near = nearest(
    written,
    commands.map(({ name }) => name),
  )
  return `vigil: there is no command "${written}"${near === undefined ? '' : `; did you mean ${near}?`}\n\n${overview()}`
}

process.exitCode = await main(process.argv.slice(2))
