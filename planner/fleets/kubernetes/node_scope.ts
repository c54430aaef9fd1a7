/** Which nodes' reports count: those that have pods of ours, had, or could get some (§5, §6 of the cap protocol). Pure. @module */

import type { NodePowerReport } from "../../../cluster/mod.ts";
import type { DeploymentView } from "./deployment_view.ts";
import { matchesSelector, type WatchedNode } from "./watched_node.ts";

/** What the choice is made from. */
export interface ScopeInput {
  readonly reports: readonly NodePowerReport[];
  readonly nodes: ReadonlyMap<string, WatchedNode>;
  readonly sides: DeploymentView["sides"];
  /** Nodes on which pods of the deployment are. */
  readonly inhabited: ReadonlySet<string>;
  readonly namespace: string;
}

/**
 * Leaves a report out only when its node's labels keep every pod template away, no pod of the deployment is there, and no
 * GPU names a pod of the deployment's namespace. A node that nobody describes any more stays in.
 */
export function reportsInScope(
  { reports, nodes, sides, inhabited, namespace }: ScopeInput,
): readonly NodePowerReport[] {
  const selectors = Object.values(sides).map(({ nodeSelector }) =>
    nodeSelector
  );
  if (
    selectors.length === 0 ||
    selectors.some((selector) => Object.keys(selector).length === 0)
  ) return reports;
  return reports.filter(({ nodeName, gpus }) => {
    const node = nodes.get(nodeName);
    return node === undefined || inhabited.has(nodeName) ||
      selectors.some((selector) => matchesSelector(node, selector)) ||
      gpus.some(({ pod }) => pod?.namespace === namespace);
  });
}
