/** What is left to do by hand after an uninstall, as lines to copy. @module */

import type { Installation } from "./found.ts";

/** One thing to do. */
export interface RemainingStep {
  readonly why: string;
  readonly command: string;
}

/** In the order in which it is to be done. */
export function remainingSteps(
  { namespaces, gatedPods }: Pick<Installation, "namespaces" | "gatedPods">,
  system: string,
): readonly RemainingStep[] {
  return [
    ...(gatedPods > 0
      ? [{
        why:
          `First take the gate out of the pod templates: ${gatedPods} running pods have it, and without agents one that restarts waits for ever.`,
        command: `kubectl get pods -A -l wattkeeper.dev/gate=required`,
      }]
      : []),
    ...namespaces.flatMap((namespace) => [
      {
        why: "The planner's rights and Leases in the deployment's namespace.",
        command:
          `kubectl -n ${namespace} delete role,rolebinding,lease -l app.kubernetes.io/name=wattkeeper-planner`,
      },
      {
        why: "The demand for the gate, if the namespace has it.",
        command: `kubectl label namespace ${namespace} wattkeeper.dev/gate-`,
      },
    ]),
    {
      why: "Agents, planners and their accounts.",
      command: `kubectl delete namespace ${system}`,
    },
    {
      why: "What they may do and must not.",
      command:
        "kubectl delete clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding -l app.kubernetes.io/part-of=wattkeeper",
    },
    {
      why: "The reports, and with them what was known of every node.",
      command: "kubectl delete crd nodepowerreports.wattkeeper.dev",
    },
    {
      why: "On each node: the record, and the boot unit where it is installed.",
      command:
        "systemctl disable --now wattkeeper-prearm.service; rm -rf /var/lib/wattkeeper /run/wattkeeper /etc/wattkeeper",
    },
  ];
}
