// Runs one trial and writes its figures as JSON. Started by engine.bench.ts, which hands the trial over as an argument.
import { runTrial } from './trials.ts'

console.log(JSON.stringify(await runTrial(JSON.parse(process.argv[2]))))
