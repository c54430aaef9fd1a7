/** Hot reload on real files (R2): what changes, what waits for a restart, what is refused. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { type Clock, realClock } from "../../../../cluster/mod.ts";
import {
  checkPlannerConfig,
  type ConfigChange,
  type FileWatchOptions,
  watchConfigFile,
} from "../../../../planner/config/mod.ts";

const START = `environment: virtual
ttft_ms: 700
enable_power_awareness: true
total_gpu_power_limit: 9000
power_agent_safe_default_watts: 490
`;
type Change = Exclude<ConfigChange, { readonly kind: "same" }>;

/** A watched file in a folder of its own. */
class WatchedFile implements AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  readonly #stop = new AbortController();
  #changes: AsyncIterator<Change> | undefined;

  private constructor(folder: string, path: string) {
    this.folder = folder;
    this.path = path;
  }

  static async make(
    options: Partial<FileWatchOptions> = {},
    prepare?: (folder: string) => Promise<string>,
  ): Promise<WatchedFile> {
    const folder = await Deno.makeTempDir({ prefix: "wattkeeper-watch-" });
    const path = prepare ? await prepare(folder) : `${folder}/planner.yaml`;
    if (!prepare) await Deno.writeTextFile(path, START);
    const file = new WatchedFile(folder, path);
    const { fields } = checkPlannerConfig({ text: START, name: path });
    ok(fields);
    file.#changes = watchConfigFile({
      path,
      fields,
      text: START,
      clock: realClock,
      pollMs: 20,
      debounceMs: 5,
      ...options,
    }).changes(file.#stop.signal)[Symbol.asyncIterator]();
    return file;
  }

  async next(): Promise<Change> {
    const result = await this.#changes?.next();
    ok(result && !result.done, "the watch ended");
    return result.value;
  }

  write(text: string): Promise<void> {
    return Deno.writeTextFile(this.path, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#changes?.return?.();
    await Deno.remove(this.folder, { recursive: true });
  }
}

function summary(change: Change): unknown {
  return change.kind === "changed"
    ? { changed: change.changed, needRestart: change.needRestart }
    : change.problems.map(({ path }) => path);
}

for (const events of [true, false]) {
  const how = events ? "by events" : "by looking alone";

  Deno.test(`a lower budget is seen ${how} and takes effect`, async () => {
    await using file = await WatchedFile.make({ events });
    await file.write(START.replace("9000", "1"));
    const change = await file.next();
    deepStrictEqual(summary(change), {
      changed: ["total_gpu_power_limit"],
      needRestart: [],
    });
    ok(change.kind === "changed");
    strictEqual(change.config.power?.budgetWatts, 1);
  });

  Deno.test(`a ConfigMap whose link is replaced is seen ${how}`, async () => {
    await using file = await WatchedFile.make({ events }, async (folder) => {
      await Deno.mkdir(`${folder}/..1`);
      await Deno.writeTextFile(`${folder}/..1/planner.yaml`, START);
      await Deno.symlink("..1", `${folder}/..data`);
      await Deno.symlink("..data/planner.yaml", `${folder}/planner.yaml`);
      return `${folder}/planner.yaml`;
    });
    await Deno.mkdir(`${file.folder}/..2`);
    await Deno.writeTextFile(
      `${file.folder}/..2/planner.yaml`,
      START.replace("700", "900"),
    );
    await Deno.symlink("..2", `${file.folder}/..tmp`);
    await Deno.rename(`${file.folder}/..tmp`, `${file.folder}/..data`);
    const change = await file.next();
    ok(change.kind === "changed");
    strictEqual(change.config.ttftMs, 900);
  });
}

Deno.test("an editor's rename over the file is seen", async () => {
  await using file = await WatchedFile.make();
  await Deno.writeTextFile(`${file.path}.new`, START.replace("700", "800"));
  await Deno.rename(`${file.path}.new`, file.path);
  const change = await file.next();
  ok(change.kind === "changed");
  strictEqual(change.config.ttftMs, 800);
});

Deno.test("an invalid file is reported once, the old stays, a correction counts against the old", async () => {
  await using file = await WatchedFile.make();
  await file.write(START.replace("9000", "lots").replace("700", "-1"));
  deepStrictEqual(summary(await file.next()), [
    "ttft_ms",
    "total_gpu_power_limit",
  ]);
  await file.write("mode: [");
  strictEqual((await file.next()).kind, "invalid");
  await file.write(START.replace("9000", "8000"));
  deepStrictEqual(summary(await file.next()), {
    changed: ["total_gpu_power_limit"],
    needRestart: [],
  });
});

Deno.test("what waits for a restart keeps its value, the rest takes effect", async () => {
  await using file = await WatchedFile.make();
  await file.write(
    `${
      START.replace("virtual", "simulated").replace("9000", "7000")
    }advisory: true\n`,
  );
  const change = await file.next();
  deepStrictEqual(summary(change), {
    changed: ["total_gpu_power_limit"],
    needRestart: ["environment", "advisory"],
  });
  ok(change.kind === "changed");
  strictEqual(change.config.environment, "virtual");
  strictEqual(change.config.advisory, false);
  strictEqual(change.config.power?.budgetWatts, 7000);
});

Deno.test("a change that only makes sense after a restart is refused as a whole", async () => {
  await using file = await WatchedFile.make();
  // Turning power awareness off waits for a restart; without its budget the rest would be unsound.
  await file.write("environment: virtual\nttft_ms: 900\n");
  const change = await file.next();
  ok(change.kind === "invalid");
  deepStrictEqual(summary(change), ["total_gpu_power_limit"]);
  ok(change.problems[0]?.found.includes("wait for a restart"));
});

Deno.test("a comment changes nothing and is no event", async () => {
  await using file = await WatchedFile.make();
  await file.write(`# only a comment\n${START}`);
  await file.write(START.replace("700", "650"));
  const change = await file.next();
  ok(change.kind === "changed");
  strictEqual(change.config.ttftMs, 650);
});

Deno.test("a file that is gone is reported, and counts again when it is back", async () => {
  await using file = await WatchedFile.make();
  await Deno.remove(file.path);
  const gone = await file.next();
  ok(gone.kind === "invalid");
  ok(gone.problems[0]?.found.includes("no readable file"));
  await file.write(START.replace("700", "600"));
  const back = await file.next();
  ok(back.kind === "changed");
  strictEqual(back.config.ttftMs, 600);
});

Deno.test("the environment stays on top of a changed file", async () => {
  await using file = await WatchedFile.make({
    environment: { WATTKEEPER_ITL_MS: "33" },
  });
  await file.write(START.replace("700", "650") + "itl_ms: 99\n");
  const change = await file.next();
  ok(change.kind === "changed");
  strictEqual(change.config.itlMs, 33);
});

Deno.test("the watch ends when it is told to, also in the middle of waiting", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/p.yaml`;
  await Deno.writeTextFile(path, START);
  const stop = new AbortController();
  const sleeping = Promise.withResolvers<void>();
  const clock: Clock = {
    now: () => 0,
    sleep: (_, signal) => {
      sleeping.resolve();
      return new Promise((resolve) =>
        signal?.addEventListener("abort", () => resolve())
      );
    },
  };
  const { fields } = checkPlannerConfig({ text: START, name: path });
  ok(fields);
  const seen: Change[] = [];
  const watching = (async () => {
    for await (
      const change of watchConfigFile({ path, fields, text: START, clock })
        .changes(stop.signal)
    ) seen.push(change);
  })();
  await sleeping.promise;
  stop.abort();
  await watching;
  deepStrictEqual(seen, []);
  await Deno.remove(folder, { recursive: true });
});
