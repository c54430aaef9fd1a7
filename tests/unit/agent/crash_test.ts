/**
 * Every boundary of every kind of transition, crashed at in process, and crashed at again in the recovery (C18, C19):
 * what `tests/integration/agent/crash_test.ts` does with real kills, without leaving one boundary out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SimulatedNvml } from "../../../agent/nvml/mod.ts";
import type { Pod } from "../../../agent/ports.ts";
import { StateStore } from "../../../agent/state.ts";
import type { StateFiles } from "../../../agent/state_files.ts";
import { annotated, granted, pod } from "./situations.ts";
import { World } from "./world.ts";

/** What the cluster wants: pods, where they are, and the limits that this means. */
interface Stage {
  readonly pods: readonly Pod[];
  readonly placed: readonly (readonly string[])[];
  readonly watts: readonly number[];
}

/** GPU 2 is never anybody's: its limit was set by a person. */
const FOREIGN_WATTS = 450;

function stage(...gpus: (readonly [Pod, number] | undefined)[]): Stage {
  return {
    pods: gpus.flatMap((one) => one ? [one[0]] : []),
    placed: [...gpus.map((one) => one ? [one[0].uid] : []), []],
    watts: [...gpus.map((one) => one?.[1] ?? 700), FOREIGN_WATTS],
  };
}

/** Transitions that between them make every kind of write. */
const TRANSITIONS: Readonly<Record<string, readonly [Stage, Stage]>> = {
  "first caps": [
    stage(undefined, undefined),
    stage([granted("a", "1.1", 400), 400], [annotated("b", "300"), 300]),
  ],
  "a lower and a raise": [
    stage([granted("a", "1.1", 500), 500], [granted("b", "1.1", 300), 300]),
    stage([granted("a", "1.2", 300), 300], [granted("b", "1.2", 500), 500]),
  ],
  "a newer generation with the same watts": [
    stage([granted("a", "1.1", 400), 400], undefined),
    stage([granted("a", "2.1", 400), 400], undefined),
  ],
  "pods that go": [
    stage([granted("a", "1.1", 400), 400], [annotated("b", "300"), 300]),
    stage(undefined, undefined),
  ],
  "another owner": [
    stage([granted("a", "9.9", 300), 300], [annotated("b", "300"), 300]),
    stage([granted("c", "1.1", 500), 500], [granted("d", "1.1", 250), 250]),
  ],
  "an annotation that is taken away": [
    stage([annotated("a", "300"), 300], [annotated("b", "350"), 350]),
    stage([pod("a"), 700], [annotated("b", "350"), 350]),
  ],
};

/** One agent's life: after some steps nothing of it goes on. Each write to disk or device is a step before and one after. */
class Life {
  readonly ended = Promise.withResolvers<"crashed">();
  constructor(private left: number) {}

  async step<T>(work: () => Promise<T>): Promise<T> {
    await this.#survive();
    const result = await work();
    await this.#survive();
    return result;
  }

  #survive(): Promise<void> {
    if (this.left-- > 0) return Promise.resolve();
    this.ended.resolve("crashed");
    return new Promise(() => {});
  }
}

/** A node whose agents stop for good in the middle of what they do. */
class CrashingNode {
  readonly world = new World(3);
  readonly sets: [gpu: number, watts: number][] = [];

  constructor() {
    this.world.gpus[2]!.managementWatts = FOREIGN_WATTS;
    this.world.gpus.forEach((gpu, i) =>
      gpu.respond = (watts) => {
        this.sets.push([i, watts]);
        return watts;
      }
    );
  }

  show({ pods, placed }: Stage): void {
    this.world.pods = [...pods];
    placed.forEach((uids, i) => this.world.placed.set(i, uids));
  }

  /** Runs an agent from its start. @returns whether it came to its end within the steps */
  async run(steps = Infinity): Promise<boolean> {
    const { world } = this;
    const life = new Life(steps);
    const nvml = new SimulatedNvml(world.gpus);
    nvml.setLimit = (uuid, watts) =>
      life.step(() => world.nvml.setLimit(uuid, watts));
    const live = async () => {
      const store = await StateStore.open(filesOf(life, world.files));
      const agent = await world.start({ nvml, store });
      await agent.pass("interval");
      await world.clock.advance(5_000);
      await agent.pass("event");
      return "ended" as const;
    };
    return await Promise.race([live(), life.ended.promise]) === "ended";
  }

  get watts(): number[] {
    return this.world.gpus.map((gpu) => gpu.managementWatts);
  }
}

function filesOf(life: Life, files: StateFiles): StateFiles {
  return {
    read: (name) => files.read(name),
    list: () => files.list(),
    remove: (name) => life.step(() => files.remove(name)),
    writeDurably: (name, text) =>
      life.step(() => files.writeDurably(name, text)),
    rename: (from, to) => life.step(() => files.rename(from, to)),
    syncDirectory: () => life.step(() => files.syncDirectory()),
  };
}

/** All pods have gone while no agent ran. */
const EMPTY = stage(undefined, undefined);

/** A node that has settled on the first stage and is shown the second. */
async function between([first, second]: readonly [Stage, Stage]) {
  const node = new CrashingNode();
  node.show(first);
  assert.equal(await node.run(), true);
  assert.deepEqual(node.watts, first.watts);
  node.show(second);
  node.sets.length = 0;
  return node;
}

/** A crash leaves each limit as it was before or as it is to be; nothing in between, and no live pod's cap is lifted. */
function assertBetween(
  node: CrashingNode,
  [first, second]: readonly [Stage, Stage],
  at: string,
): void {
  node.watts.forEach((watts, i) =>
    assert.ok(
      watts === first.watts[i] || watts === second.watts[i],
      `${at}: GPU ${i} is at ${watts} W`,
    )
  );
}

async function assertSettled(
  node: CrashingNode,
  { watts, pods, placed }: Stage,
  at: string,
): Promise<void> {
  assert.deepEqual(node.watts, watts, at);
  const store = await StateStore.open(node.world.files);
  assert.notEqual(store.health.kind, "quarantined", at);
  const entries = store.entries();
  const capped = watts.flatMap((one, i) =>
    one === 700 || i === 2 ? [] : [placed[i]![0]]
  );
  assert.deepEqual(
    entries.map(({ applied }) => applied?.owners[0]?.uid),
    capped,
    at,
  );
  assert.ok(entries.every(({ intent }) => intent === undefined), at);
  for (const { applied } of entries) {
    const owner = applied?.owners[0];
    const grant = pods.find(({ uid }) => uid === owner?.uid)?.powerGrant;
    const { epoch, sequence } = owner?.generation ?? {};
    assert.equal(
      epoch === undefined ? undefined : `${epoch}.${sequence}`,
      grant?.split(" ")[2],
      at,
    );
  }
}

for (const [name, transition] of Object.entries(TRANSITIONS)) {
  for (
    const [then, last] of [["stays", transition[1]], ["goes", EMPTY]] as const
  ) {
    Deno.test(`a crash at any boundary of "${name}", after which the cluster ${then}, strands, lifts, forgets nothing`, async () => {
      let boundaries = 0;
      for (let steps = 0;; steps++) {
        const node = await between(transition);
        const ended = await node.run(steps);
        const at = `${name}, step ${steps}`;
        assertBetween(node, transition, at);
        node.show(last);
        assert.equal(await node.run(), true, at);
        await assertSettled(node, last, at);
        assert.ok(
          node.sets.every(([gpu, watts]) =>
            watts === transition[1].watts[gpu] || watts === last.watts[gpu]
          ),
          `${at}: ${JSON.stringify(node.sets)}`,
        );
        if (ended) break;
        boundaries++;
      }
      assert.ok(boundaries >= 10, `${boundaries} boundaries`);
    });
  }

  Deno.test(`a crash in the recovery from "${name}" loses nothing either`, async () => {
    for (let first = 1; first < 60; first += 3) {
      for (let second = 0; second < 60; second += 5) {
        const node = await between(transition);
        const ended = await node.run(first);
        const recovered = await node.run(second);
        const at = `${name}, steps ${first} and ${second}`;
        assertBetween(node, transition, at);
        assert.equal(await node.run(), true, at);
        await assertSettled(node, transition[1], at);
        if (ended) return;
        if (recovered) break;
      }
    }
  });
}
