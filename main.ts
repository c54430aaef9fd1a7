/** Wattkeeper: picks a command, runs it, exits with its code. @module */

import { runProgram } from "./cli/mod.ts";

if (import.meta.main) Deno.exit(await runProgram(Deno.args));
