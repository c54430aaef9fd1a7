/** `uninstall`: takes caps off pods and GPUs, waits until the nodes say so, then says what to delete (`SPEC.md` §13). @module */

import { realClock, SYSTEM_NAMESPACE } from "../../cluster/mod.ts";
import type { Command, CommandContext } from "../command.ts";
import {
  CLUSTER_OPTIONS,
  clusterError,
  openSession,
} from "../kubernetes/session.ts";
import type { CheckTarget } from "../kubernetes/target.ts";
import { leftToDo } from "../kubernetes/uninstall/farewell.ts";
import {
  findInstallation,
  type Installation,
} from "../kubernetes/uninstall/found.ts";
import {
  releaseAgents,
  releasePod,
  stopPlanners,
  waitForNoLeader,
} from "../kubernetes/uninstall/steps.ts";
import {
  type NodeRelease,
  nodeReleases,
  Patience,
} from "../kubernetes/uninstall/wait.ts";

/** The command. */
export const command: Command = {
  name: "uninstall",
  summary: "take all caps back, wait for the nodes, say what to delete",
  description:
    `Ends an installation in order: stops the planners, takes both power annotations off all pods of the deployments, tells the agents to give every GPU back, waits until their reports say released, then prints what to delete. It deletes nothing itself, and may be run again after a break.
GPUs are back at the limits that they had before; from then on no budget is kept. A node that is silent, or a GPU that is still capped when the time is over, is named, and the exit code is 1.
Needed rights: patch on pods and release on powergrants.wattkeeper.dev in the deployments' namespaces; patch on daemonsets and deployments/scale in the installation's; list nodepowerreports and leases. A cluster administrator has them.`,
  usage: [
    "uninstall [--dry-run] [--kubeconfig FILE] [--namespace NAME]… [flags]",
  ],
  options: [
    ...CLUSTER_OPTIONS,
    {
      name: "namespace",
      kind: "string",
      value: "NAME",
      help:
        "Namespace of a deployment. Default: each one that a planner has a Role in.",
      multiple: true,
    },
    {
      name: "system-namespace",
      kind: "string",
      value: "NAME",
      help: "Namespace of the installation.",
      default: SYSTEM_NAMESPACE,
    },
    {
      name: "wait-seconds",
      kind: "number",
      value: "SECONDS",
      help: "How long to wait, for planners to end and then for the nodes.",
      default: 300,
    },
    {
      name: "dry-run",
      kind: "boolean",
      help: "Say what would be done; write nothing.",
    },
  ],
  examples: [
    {
      command: "deno run -A main.ts uninstall --dry-run",
      explains: "what would be stopped and changed",
    },
    {
      command: "deno run -A main.ts uninstall --namespace inference",
      explains: "does it for one namespace, and waits up to five minutes",
    },
  ],
  outputs: ["table", "json"],
  run,
};

/** What came of it, as `--output json` says it. */
interface Outcome {
  readonly installation: Installation;
  readonly dryRun: boolean;
  readonly removed: number;
  readonly nodes: readonly NodeRelease[] | undefined;
  readonly done: boolean;
}

async function run(context: CommandContext): Promise<number> {
  const { flags, signal, progress, output, write } = context;
  const namespaces = flags["namespace"];
  using session = await openSession(flags);
  const target: CheckTarget = {
    client: session.client,
    signal,
    system: String(flags["system-namespace"]),
    now: Date.now,
  };
  try {
    // What is wrong with the way to the server is said before anything else.
    await session.client.get("/version", signal);
    const installation = await findInstallation(
      target,
      Array.isArray(namespaces) ? namespaces : [],
    );
    const outcome = flags["dry-run"] === true
      ? {
        installation,
        dryRun: true,
        removed: 0,
        nodes: await nodeReleases(target),
        done: true,
      }
      : await uninstall(target, installation, {
        say: output === "table" ? write : () => {},
        patience: new Patience({
          clock: realClock,
          progress,
          signal,
          budgetMs: Number(flags["wait-seconds"]) * 1000,
        }),
      });
    progress.end();
    write(
      output === "json"
        ? json(outcome, target.system)
        : text(outcome, target.system),
    );
    return outcome.done ? 0 : 1;
  } catch (error) {
    throw clusterError(error);
  }
}

async function uninstall(
  target: CheckTarget,
  installation: Installation,
  { say, patience }: {
    readonly say: (text: string) => void;
    readonly patience: Patience;
  },
): Promise<Outcome> {
  const { planners, namespaces, agents, pods } = installation;
  if (planners.length > 0) {
    await stopPlanners(target, planners);
    say(`Stopped ${planners.join(", ")}.\n`);
  }
  await waitForNoLeader(target, namespaces, patience);
  let removed = 0;
  for (const pod of pods) {
    if (await releasePod(target, pod) === "removed") removed++;
  }
  say(`Removed the annotations of ${removed} pods.\n`);
  if (typeof agents === "object") {
    await releaseAgents(target, agents.container);
    say("Told the agents to give every GPU back.\n");
  }
  let nodes: readonly NodeRelease[] | undefined;
  const done = await patience.until(async () => {
    nodes = await nodeReleases(target);
    const free = nodes?.filter(({ pending }) => pending.length === 0).length;
    return [free ?? 1, nodes?.length ?? 1];
  }, "waiting for nodes to give their GPUs back");
  return { installation, dryRun: false, removed, nodes, done };
}

function text(
  { installation, dryRun, nodes, done }: Outcome,
  system: string,
): string {
  const { planners, pods, agents, namespaces, gatedPods } = installation;
  const lines: string[] = [];
  if (dryRun) {
    lines.push(
      `Nothing was written. In ${
        namespaces.join(", ")
      } and ${system}, uninstall would:`,
      planners.length > 0
        ? `- scale to 0: ${planners.join(", ")}`
        : "- stop no planner: none runs in the cluster",
      `- remove the annotations of ${pods.length} pods, ${
        pods.filter(({ gated }) => gated).length
      } of them with the gate`,
      agents === "absent"
        ? "- tell no agents: there is no DaemonSet"
        : "- tell the agents to give every GPU back",
      `- wait for ${nodes?.length ?? 0} nodes, of whose GPUs ${
        nodes?.reduce((sum, node) => sum + node.gpus - node.released, 0) ?? 0
      } are capped`,
      "- then print what to delete:",
    );
  } else if (done) {
    lines.push(
      nodes === undefined
        ? "No node reports: there is nothing to wait for."
        : `All GPUs of ${nodes.length} nodes are given back.`,
      "Now, by hand:",
    );
  } else {
    lines.push(
      "Not all GPUs were given back in time:",
      ...(nodes ?? []).flatMap(({ node, pending }) =>
        pending.map((why) => `- ${node}: ${why}`)
      ),
      "",
      "Look at the agents there, and run uninstall again. Delete nothing before: the agents are what gives GPUs back.",
      "A node whose agent is gone: wattkeeper-agent agent --release-all --once, on it, as docs/agent.md says.",
    );
  }
  if (dryRun || done) {
    for (
      const { why, command } of leftToDo({ namespaces, gatedPods }, system)
    ) {
      lines.push(`  # ${why}`, `  ${command}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function json(
  { installation, dryRun, removed, nodes, done }: Outcome,
  system: string,
): string {
  const { planners, pods, agents, namespaces } = installation;
  return `${
    JSON.stringify(
      {
        dry_run: dryRun,
        done,
        namespaces,
        planners,
        annotated_pods: pods.map(({ namespace, name, gated }) => ({
          namespace,
          name,
          gated,
        })),
        annotations_removed: removed,
        agents: typeof agents === "object" ? "told" : agents,
        nodes: nodes ?? [],
        left_to_do: leftToDo(installation, system),
      },
      null,
      2,
    )
  }\n`;
}
