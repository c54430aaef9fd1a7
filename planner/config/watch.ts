/** Watches the configuration file (R2): file system events where there are any, and looking every few seconds. @module */

import { dirname } from "node:path";
import type { Clock } from "../../cluster/mod.ts";
import { type ConfigChange, judgeChange } from "./change.ts";
import type { Fields } from "./fields.ts";
import type { ConfigInput } from "./parse.ts";

/** Where changed configurations come from. */
export interface ConfigWatch {
  /** Every change until `signal` aborts; never throws, and never repeats one. */
  changes(signal: AbortSignal): AsyncIterable<
    Exclude<ConfigChange, { readonly kind: "same" }>
  >;
}

/** What is watched. */
export interface FileWatchOptions {
  readonly path: string;
  /** Fields and text in force at the start. */
  readonly fields: Fields;
  readonly text: string;
  /** Environment and flags stay on top of the file. */
  readonly environment?: ConfigInput["environment"];
  readonly flags?: ConfigInput["flags"];
  readonly clock: Clock;
  /** How often the file is looked at even without an event; mounted ConfigMaps and network file systems tell none. */
  readonly pollMs?: number;
  /** Quiet time after an event before the file is read: editors and kubelets write in several steps. */
  readonly debounceMs?: number;
  /** Off: polling alone. */
  readonly events?: boolean;
}

const POLL_MS = 2000;
const DEBOUNCE_MS = 100;
/** Quiet is not waited for longer than this many debounce times: a file that is written all the time is read too. */
const MOST_DEBOUNCES = 20;

/** Watches one file. */
export function watchConfigFile(options: FileWatchOptions): ConfigWatch {
  return { changes: (signal) => changes(options, signal) };
}

async function* changes(
  options: FileWatchOptions,
  signal: AbortSignal,
): AsyncGenerator<Exclude<ConfigChange, { readonly kind: "same" }>> {
  const { path, environment = {}, flags = [] } = options;
  let { fields: inForce } = options;
  let seen: string | undefined = options.text;
  const events = new FolderEvents(
    options.events === false ? undefined : dirname(path),
  );
  try {
    while (!signal.aborted) {
      await settle(events, options, signal);
      if (signal.aborted) return;
      const { text, problem } = await readText(path);
      const now = text ?? problem;
      if (now === seen) continue;
      seen = now;
      if (text === undefined) {
        yield {
          kind: "invalid",
          problems: [{
            path: "",
            origin: path,
            found: `found no readable file: ${problem}`,
            write: "Put it back; the configuration in force stays.",
          }],
        };
        continue;
      }
      const judged = judgeChange(inForce, {
        text,
        name: path,
        environment,
        flags,
      });
      inForce = judged.inForce;
      if (judged.change.kind !== "same") yield judged.change;
    }
  } finally {
    events.close();
  }
}

/** Waits for an event or the next look, then for quiet. */
async function settle(
  events: FolderEvents,
  { clock, pollMs = POLL_MS, debounceMs = DEBOUNCE_MS }: FileWatchOptions,
  signal: AbortSignal,
): Promise<void> {
  if (!await events.within(clock, pollMs, signal)) return;
  for (let quiet = 0; quiet < MOST_DEBOUNCES; quiet++) {
    if (signal.aborted) return;
    if (!await events.within(clock, debounceMs, signal)) return;
  }
}

/** Events of the file's folder: a ConfigMap is replaced by renaming a link beside it, which is no event of the file. */
class FolderEvents {
  #watcher: Deno.FsWatcher | undefined;
  #happened = false;
  #wake: (() => void) | undefined;

  constructor(folder: string | undefined) {
    if (folder === undefined) return;
    try {
      this.#watcher = Deno.watchFs(folder, { recursive: false });
    } catch {
      // No watches left, or none here: looking every few seconds is enough.
      return;
    }
    this.#follow(this.#watcher);
  }

  /** Whether an event came within a time; one that came before counts. */
  async within(
    clock: Clock,
    milliseconds: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!this.#happened) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      await clock.sleep(milliseconds, AbortSignal.any([woken.signal, signal]));
      this.#wake = undefined;
    }
    const happened = this.#happened;
    this.#happened = false;
    return happened;
  }

  close(): void {
    try {
      this.#watcher?.close();
    } catch {
      // Closed by itself.
    }
    this.#watcher = undefined;
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind } of watcher) {
        if (kind === "access") continue;
        this.#happened = true;
        this.#wake?.();
      }
    } catch {
      // The folder went away: polling goes on.
    }
  }
}

async function readText(
  path: string,
): Promise<{ readonly text?: string; readonly problem: string }> {
  try {
    return { text: await Deno.readTextFile(path), problem: "" };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
