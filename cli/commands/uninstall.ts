/** `uninstall`: takes caps off pods and GPUs, waits until the nodes say so, then says what to delete (`SPEC.md` §13). @module */

import { realClock } from "../../cluster/mod.ts";
import type { Command, CommandContext } from "../command.ts";
import {
  clusterError,
  INSTALLATION_OPTIONS,
  namespacesOf,
  openSession,
} from "../kubernetes/session.ts";
import type { CheckTarget } from "../kubernetes/target.ts";
import {
  findInstallation,
  type Installation,
} from "../kubernetes/uninstall/found.ts";
import {
  outcomeJson,
  outcomeText,
  type UninstallOutcome,
} from "../kubernetes/uninstall/outcome.ts";
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
    ...INSTALLATION_OPTIONS,
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

async function run(context: CommandContext): Promise<number> {
  const { flags, signal, progress, output, write } = context;
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
      namespacesOf(flags),
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
        ? outcomeJson(outcome, target.system)
        : outcomeText(outcome, target.system),
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
): Promise<UninstallOutcome> {
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
