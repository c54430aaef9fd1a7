/** The world around a crashing agent: what it did to the hardware, and whether every promise still holds. @module */

import assert from "node:assert/strict";
import type { Pod } from "../../../agent/ports.ts";
import { StateStore } from "../../../agent/state.ts";
import { DirectoryFiles } from "../../../agent/state_files.ts";
import { FakeNvml } from "../../nvml_fake/fake.ts";
import { annotated, granted } from "../../unit/agent/situations.ts";
import type { Scenario } from "./crash_child.ts";

const CHILD = new URL("./crash_child.ts", import.meta.url).pathname;
const CONFIG = new URL("../../../deno.json", import.meta.url).pathname;

/** A node whose agent is killed again and again. GPU 0: grants, GPU 1: comes and goes, GPU 2: annotation, GPU 3: foreign. */
export class CrashWorld implements AsyncDisposable {
  private constructor(
    readonly fake: FakeNvml,
    readonly folder: string,
  ) {}

  static async create(): Promise<CrashWorld> {
    const fake = await FakeNvml.create(4);
    const folder = await Deno.makeTempDir({ prefix: "agent-crash-" });
    fake.setLimitWatts(3, 450);
    return new CrashWorld(fake, folder);
  }

  write(scenario: Scenario): void {
    Deno.writeTextFileSync(
      `${this.folder}/scenario.json.new`,
      JSON.stringify(scenario),
    );
    Deno.renameSync(
      `${this.folder}/scenario.json.new`,
      `${this.folder}/scenario.json`,
    );
  }

  /** Starts an agent process. @param boundary step at which it kills itself; 0: never */
  spawn(boundary: number, ...more: string[]): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", "--no-check", "--config", CONFIG, CHILD],
        ...[this.fake.folder, `${this.folder}/state`],
        ...[`${this.folder}/scenario.json`, String(boundary), ...more],
      ],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
  }

  /** Runs an agent until it ends by itself. @returns whether it was killed */
  async run(boundary: number): Promise<boolean> {
    const { signal, success, stdout } = await this.spawn(boundary, "once")
      .output();
    assert.ok(
      success || signal === "SIGKILL",
      new TextDecoder().decode(stdout),
    );
    return signal === "SIGKILL";
  }

  async entries() {
    const store = await StateStore.open(
      new DirectoryFiles(`${this.folder}/state`),
    );
    assert.notEqual(store.health.kind, "quarantined");
    return store.entries();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.fake[Symbol.dispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Round `n` of a cluster that never rests: each grant has watts of its own, up and down; a pod comes and goes. */
export function scenarioOf(round: number): Scenario & { watts: number } {
  const watts = round % 2 === 0 ? 250 + round : 650 - round;
  const there = round % 3 !== 2;
  const pods: Pod[] = [
    granted("a", `1.${round + 1}`, watts),
    annotated("c", "350"),
  ];
  if (there) pods.push(granted(`b${round}`, "1.1", 400));
  return {
    watts,
    pods,
    placed: [["a"], there ? [`b${round}`] : [], ["c"], []],
  };
}

/** After a kill at any instant, before any other agent has run: nothing that a live pod relies on was lifted. */
export function assertNothingLifted(
  fake: FakeNvml,
  { round, settled }: { readonly round: number; readonly settled: boolean },
): void {
  const known = Array.from(
    { length: round + 1 },
    (_, i) => scenarioOf(i).watts,
  );
  const now = fake.limitWatts(0);
  assert.ok(
    known.includes(now) || !settled && now === 700,
    `GPU 0 is at ${now} W in round ${round}`,
  );
  if (settled) assert.equal(fake.limitWatts(2), 350, "a live pod's cap");
  assert.equal(fake.limitWatts(3), 450, "a foreign limit");
}

/** After an agent ran to its end: caps are what is asked for, the freed are free, the record says so. */
export async function assertSettled(
  world: CrashWorld,
  round: number,
): Promise<void> {
  const { fake } = world;
  const scenario = scenarioOf(round);
  assert.equal(fake.limitWatts(0), scenario.watts, `round ${round}`);
  const there = scenario.placed[1]!.length > 0;
  assert.equal(fake.limitWatts(1), there ? 400 : 700, `round ${round}, GPU 1`);
  assert.equal(fake.limitWatts(2), 350);
  assert.equal(fake.limitWatts(3), 450);
  const entries = await world.entries();
  assert.equal(entries.length, there ? 3 : 2, "entries");
  assert.ok(entries.every(({ intent }) => intent === undefined));
  const generation = entries[0]?.applied?.owners[0]?.generation;
  assert.equal(generation?.sequence, round + 1);
}

/** Limits set on GPU 0 follow the generations: none older after a newer one has been there. */
export function assertNoOlderApplied(fake: FakeNvml): void {
  const rounds = fake.sets(0).map((watts) =>
    watts < 450 ? watts - 250 : 650 - watts
  );
  rounds.forEach((round, i) =>
    assert.ok(i === 0 || round >= rounds[i - 1]!, `rounds ${rounds.join()}`)
  );
}
