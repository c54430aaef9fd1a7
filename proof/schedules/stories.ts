/**
 * Faults that hurt only together and in order, at times that fit: a leader that freezes with a write on its way while the
 * budget is cut under its successor, an agent that loses its record while its cache is old. Chance alone makes them too
 * rarely.
 * @module
 */

import type { Fault, Random, SimulatedSide } from "../../simulator/mod.ts";
import type { RecipeContext } from "./fault_recipes.ts";
import { gpuOf, nodeOf, share, sideOf, whole } from "./fault_recipes.ts";
import type { ScheduledFleet } from "./schedule.ts";

/** One of them, told anew for every schedule. */
export interface Story {
  readonly name: string;
  readonly tell: (context: RecipeContext) => readonly Fault[];
  /** Whether the fleet's configuration claims anything under it. */
  readonly fits?: (fleet: ScheduledFleet) => boolean;
}

/** Something after which a leader grants or raises. */
function stirred(on: RecipeContext, atMs: number): Fault {
  const { random } = on;
  const side = sideOf(on);
  const index = whole(random, 0, 7);
  switch (whole(random, 0, 4)) {
    case 0:
      return { kind: "pod_evicted", atMs, side, index };
    case 1:
      return { kind: "pod_force_deleted", atMs, side, index };
    case 2:
      return { kind: "foreign_scale", atMs, side, replicas: replicasOf(on) };
    case 3:
      return budgetOf(on, atMs, 0.9, 1.3);
    default:
      return trafficOf(on, atMs);
  }
}

/** Something after which the next leader wants something else. */
function turned(on: RecipeContext, atMs: number): Fault {
  const dice = on.random();
  if (dice < 0.6) return budgetOf(on, atMs, 0.35, 0.8);
  if (dice < 0.8) return trafficOf(on, atMs);
  return {
    kind: "foreign_scale",
    atMs,
    side: sideOf(on),
    replicas: replicasOf(on),
  };
}

function budgetOf(
  { fleet, random }: RecipeContext,
  atMs: number,
  least: number,
  most: number,
): Fault {
  const factor = least + (most - least) * random();
  const watts = Math.max(1, Math.floor(fleet.budgetWatts * factor));
  return { kind: "budget", atMs, watts };
}

function trafficOf({ random }: RecipeContext, atMs: number): Fault {
  const factor = Math.round(random() * 400) / 100;
  return {
    kind: "traffic",
    atMs,
    durationMs: 1_000 * whole(random, 20, 90),
    factor,
  };
}

function replicasOf({ random, fleet }: RecipeContext): number {
  return whole(random, 0, Math.floor(fleet.maxGpus / fleet.gpusPerReplica));
}

function seconds(random: Random, least: number, most: number): number {
  return 1_000 * whole(random, least, most);
}

/** Both sides of a fleet, or the only one. */
function sidesOf({ mode }: ScheduledFleet): readonly SimulatedSide[] {
  return mode === "agg" ? ["agg"] : ["prefill", "decode"];
}

/** The leader freezes with a write on its way; another one reigns; the old one wakes. */
const frozenLeader: Story = {
  name: "frozen leader",
  tell: (on) => {
    const { random, atMs } = on;
    const forMs = seconds(random, 20, 60);
    return [
      stirred(on, Math.max(1_000, atMs - seconds(random, 0, 14))),
      {
        kind: "second_planner",
        atMs: Math.max(500, atMs - seconds(random, 0, 30)),
        durationMs: forMs + seconds(random, 40, 90),
      },
      {
        kind: "planner_paused",
        atMs,
        forMs,
        onWrite: true,
        ...(random() < 0.5 ? { unaware: true } : {}),
      },
      stirred(on, atMs + seconds(random, 1, 8)),
      turned(on, atMs + seconds(random, 8, 25)),
    ];
  },
};

/** The leader dies with a write on its way, and the network keeps it for longer than the Lease lasts. */
const lateWrites: Story = {
  name: "late writes of a dead leader",
  tell: (on) => {
    const { random, atMs } = on;
    const downMs = seconds(random, 15, 40);
    return [
      stirred(on, Math.max(1_000, atMs - seconds(random, 0, 14))),
      {
        kind: "planner_crash",
        atMs,
        downMs,
        onWrite: true,
        heldMs: downMs + seconds(random, 2, 40),
      },
      ...(random() < 0.5
        ? [{
          kind: "second_planner" as const,
          atMs: Math.max(500, atMs - seconds(random, 0, 10)),
          durationMs: downMs + seconds(random, 20, 60),
        }]
        : []),
      stirred(on, atMs + seconds(random, 1, 8)),
      turned(on, atMs + seconds(random, 8, 25)),
    ];
  },
};

/** Another leader comes and goes while the first one is frozen. */
const shortReign: Story = {
  name: "a reign within a freeze",
  tell: (on) => {
    const { random, atMs } = on;
    const reignMs = seconds(random, 18, 30);
    return [
      { kind: "second_planner", atMs, durationMs: reignMs },
      {
        kind: "planner_paused",
        atMs: atMs + 1_000,
        forMs: reignMs + seconds(random, 16, 30),
        ...(random() < 0.3 ? { unaware: true } : {}),
      },
      turned(on, atMs + seconds(random, 10, 30)),
    ];
  },
};

/** A cut is complied with, then somebody takes over who has not read it yet. */
const cutThenTakeOver: Story = {
  name: "a take-over after a cut",
  tell: (on) => {
    const { random, atMs } = on;
    return [
      {
        kind: "second_planner",
        atMs: Math.max(500, atMs - seconds(random, 0, 20)),
        durationMs: seconds(random, 90, 150),
      },
      budgetOf(on, atMs, 0.4, 0.9),
      {
        kind: "planner_crash",
        atMs: atMs + seconds(random, 4, 25),
        downMs: seconds(random, 30, 60),
      },
      stirred(on, atMs + seconds(random, 10, 50)),
    ];
  },
};

/** The one that waits to lead sees only pods, or only reports, of late. */
const staleStandby: Story = {
  name: "a standby with an old view",
  tell: (on) => {
    const { random, atMs } = on;
    return [
      {
        kind: "second_planner",
        atMs: Math.max(500, atMs - seconds(random, 1, 20)),
        durationMs: seconds(random, 90, 150),
      },
      {
        kind: "watch_frozen",
        atMs,
        durationMs: seconds(random, 30, 80),
        who: "planner-2",
        ...(random() < 0.8 ? { what: "reports" } : {}),
      },
      // A surge pod comes to a GPU that the old reports have as free.
      random() < 0.7
        ? { kind: "rollout", atMs: atMs + 1_000, side: sideOf(on) }
        : stirred(on, atMs + seconds(random, 1, 4)),
      {
        kind: "planner_crash",
        atMs: atMs + seconds(random, 5, 25),
        downMs: seconds(random, 40, 60),
      },
      random() < 0.5
        ? turned(on, atMs + seconds(random, 10, 50))
        : stirred(on, atMs + seconds(random, 10, 50)),
    ];
  },
};

/** An agent starts anew, with or without its record, when its pods have just been lowered. */
const freshAgent: Story = {
  name: "an agent starts after a change",
  tell: (on) => {
    const { random, atMs } = on;
    const node = nodeOf(on);
    const startsMs = atMs + seconds(random, 3, 28);
    return [
      random() < 0.6 ? budgetOf(on, atMs, 0.4, 0.9) : stirred(on, atMs),
      random() < 0.5 ? { kind: "record_lost", atMs: startsMs, node } : {
        kind: "agent_down",
        atMs: startsMs - 2_000,
        durationMs: 2_000,
        node,
      },
      ...(random() < 0.5
        ? [stirred(on, startsMs + seconds(random, 1, 8))]
        : []),
    ];
  },
};

/** A report is gone, and the agent that would write it anew is down. */
const lostReport: Story = {
  name: "a deleted report",
  tell: (on) => {
    const { random, atMs } = on;
    const node = nodeOf(on);
    const planner: Fault = random() < 0.5
      ? { kind: "planner_crash", atMs: atMs + 3_000, downMs: 3_000 }
      : trafficOf(on, atMs + 3_000);
    return [
      {
        kind: "agent_down",
        atMs,
        durationMs: seconds(random, 30, 80),
        node,
      },
      {
        kind: "report_deleted",
        atMs: atMs + seconds(random, 1, 3),
        node,
      },
      planner,
      stirred(on, atMs + seconds(random, 2, 20)),
      budgetOf(on, atMs + seconds(random, 2, 20), 0.8, 1.3),
    ];
  },
};

/** A device that takes less than it is told, while pods come and go. */
const releaseUnderClamp: Story = {
  name: "a release on a device that clamps",
  tell: (on) => {
    const { random, atMs } = on;
    return [
      {
        kind: "nvml_clamps",
        atMs,
        durationMs: seconds(random, 25, 60),
        node: nodeOf(on),
        maxWatts: whole(random, 300, 650),
      },
      ...sidesOf(on.fleet).map((side) => ({
        kind: "foreign_scale" as const,
        atMs: atMs + seconds(random, 1, 10),
        side,
        replicas: replicasOf(on),
      })),
    ];
  },
};

/** A person declares a node dead, and it is: its watts have to go to the others. */
const deadNode: Story = {
  name: "a node that never comes back",
  // The others have room for all replicas and one more.
  fits: ({ nodes, gpusPerNode, gpusPerReplica, strangers, maxGpus }) =>
    (nodes - 1) * Math.floor(gpusPerNode / gpusPerReplica) - strangers >
      maxGpus / gpusPerReplica,
  tell: (on) => [
    { kind: "node_lost", atMs: on.atMs, node: nodeOf(on), outOfService: true },
  ],
};

/** A stranger writes annotations and nothing else happens afterwards. */
const stranger: Story = {
  name: "annotations of a stranger",
  tell: (on) => [{
    kind: "foreign_annotation",
    atMs: on.atMs,
    side: sideOf(on),
    index: whole(on.random, 0, 7),
    limit: `${whole(on.random, 150, 800)}`,
  }],
};

/** A device refuses to be lowered when the budget is cut, or to be set again after a boot. */
const stuckDevice: Story = {
  name: "a cut on a device that refuses",
  tell: (on) => {
    const { random, atMs } = on;
    const node = nodeOf(on);
    return [
      {
        kind: "nvml_refuses",
        atMs,
        durationMs: seconds(random, 10, 60),
        node,
        ...(random() < 0.5 ? { gpu: gpuOf(on) } : {}),
      },
      ...(random() < 0.3
        ? [{
          kind: "node_reboot" as const,
          atMs: atMs + 1_000,
          node,
          downMs: seconds(random, 5, 8),
        }]
        : []),
      random() < 0.7
        ? budgetOf(on, atMs + seconds(random, 0, 10), 0.4, 1.3)
        : stirred(on, atMs + seconds(random, 0, 10)),
    ];
  },
};

/** Answers of the API server get lost or conflict while everybody has to move. */
const lossyWrites: Story = {
  name: "a change while writes are lost",
  tell: (on) => {
    const { random, atMs } = on;
    const durationMs = seconds(random, 20, 60);
    return [
      {
        kind: random() < 0.5 ? "write_lost" : "write_conflict",
        atMs,
        durationMs,
        share: share(random),
      },
      stirred(on, atMs + seconds(random, 0, 10)),
      turned(on, atMs + seconds(random, 5, 25)),
    ];
  },
};

/** About who leads. */
export const TAKE_OVER_STORIES: readonly Story[] = [
  frozenLeader,
  frozenLeader,
  lateWrites,
  shortReign,
  cutThenTakeOver,
  staleStandby,
];
/** About agents and devices. */
export const AGENT_STORIES: readonly Story[] = [
  freshAgent,
  freshAgent,
  lostReport,
  releaseUnderClamp,
  stuckDevice,
];
/** About pods, nodes and writes. */
export const FLEET_STORIES: readonly Story[] = [
  deadNode,
  stranger,
  lossyWrites,
  lostReport,
];
