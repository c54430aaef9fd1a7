/** The planner as a person starts it, over its simulated fleet. @module */

import { buildWeb } from "../../web/mod.ts";

const ROOT = new URL("../../", import.meta.url);
/** Simulated seconds a second: a decision every second or so. */
const SPEED = 200;

/** A planner that runs. */
export interface RunningPlanner extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

/** The planner as a person starts it; it says where it listens. */
export async function startPlanner(port = 0): Promise<RunningPlanner> {
  await buildWeb();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "main.ts", "plan"],
      ...["--config", "docs/examples/h200_disagg.yaml"],
      ...["--speed", String(SPEED), "--listen", `127.0.0.1:${port}`],
      ...["--log-format", "json"],
    ],
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let log = "";
  const { promise: listening, resolve, reject } = Promise.withResolvers<
    number
  >();
  const drained = (async () => {
    for await (
      const text of child.stderr.pipeThrough(new TextDecoderStream())
    ) {
      log = (log + text).slice(-100_000);
      const [, found] = /Serving on 127\.0\.0\.1:(\d+)/.exec(log) ?? [];
      if (found !== undefined) resolve(Number(found));
    }
    reject(new Error(`The planner ended: ${log}`));
  })();
  const found = await listening;
  return {
    port: found,
    url: `http://127.0.0.1:${found}/`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await drained;
    },
  };
}
