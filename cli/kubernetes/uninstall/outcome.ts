/** What came of an uninstall, for people and for programs. @module */

import { remainingSteps } from "./farewell.ts";
import type { Installation } from "./found.ts";
import type { NodeRelease } from "./wait.ts";

/** What was found, done and seen. */
export interface UninstallOutcome {
  readonly installation: Installation;
  readonly dryRun: boolean;
  readonly removed: number;
  readonly nodes: readonly NodeRelease[] | undefined;
  readonly done: boolean;
}

/** @param system namespace of the installation */
export function outcomeText(
  { installation, dryRun, nodes, done }: UninstallOutcome,
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
      const { why, command } of remainingSteps(
        { namespaces, gatedPods },
        system,
      )
    ) {
      lines.push(`  # ${why}`, `  ${command}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** @param system namespace of the installation */
export function outcomeJson(
  { installation, dryRun, removed, nodes, done }: UninstallOutcome,
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
        left_to_do: remainingSteps(installation, system),
      },
      null,
      2,
    )
  }\n`;
}
