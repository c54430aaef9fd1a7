/** A program whose only command says that it waits, and waits until it is told to stop. @module */

import { runProgram } from "../../../cli/mod.ts";
import { denoProcess } from "../../../cli/deno_process.ts";
import { exampleCommand, sourceOf } from "./example_command.ts";

const command = exampleCommand({
  async run({ write, signal }) {
    write("waiting\n");
    // Signals alone do not keep a process alive.
    const alive = setInterval(() => {}, 1000);
    try {
      await new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    } finally {
      clearInterval(alive);
    }
    return 0;
  },
});

Deno.exit(await runProgram(["brew"], denoProcess(), sourceOf(command)));
