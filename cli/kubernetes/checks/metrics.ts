/** Checks: metrics of agents and planners are reachable, through the API server's proxy to their pods. @module */

import { ApiError, type ApiTransport } from "../../../cluster/mod.ts";
import { type CheckRow, fail, notChecked, pass } from "../check.ts";
import { listAt, nameOf, numberAt, readList, textAt } from "../reading.ts";
import type { CheckTarget } from "../target.ts";
import { AGENT_SELECTOR, PLANNER_SELECTOR } from "./workloads.ts";

/** More pods than this are not asked one by one: as many at random places of the list say enough. */
const MOST = 20;
const TIMEOUT_MS = 5_000;

/** What is asked. */
const SOURCES = [
  {
    check: "agent_metrics",
    selector: AGENT_SELECTOR,
    portName: "metrics",
    expected: "dynamo_power_agent_passes_total",
  },
  {
    check: "planner_metrics",
    selector: PLANNER_SELECTOR,
    portName: "http",
    expected: "dynamo_planner_decisions_total",
  },
] as const;

/** One row each for agents and planners. */
export async function checkMetrics(
  target: CheckTarget,
  transport: Pick<ApiTransport, "send">,
): Promise<CheckRow[]> {
  return await Promise.all(
    SOURCES.map(async ({ check, selector, portName, expected }) => {
      const pods = await readList(
        target.client,
        `/api/v1/namespaces/${target.system}/pods?${selector}`,
        target.signal,
      );
      if (pods.kind !== "read") {
        return notChecked(check, target.system, pods.reason);
      }
      const running = pods.value.filter((pod) =>
        textAt(pod, "status", "phase") === "Running"
      ).slice(0, MOST);
      if (running.length === 0) {
        return notChecked(
          check,
          target.system,
          "no such pod runs",
          "See the rows above.",
        );
      }
      const answers = await Promise.all(
        running.map((pod): Promise<Answer> | Answer => {
          const port = portOf(pod, portName);
          return port === undefined
            ? { kind: "wrong", reason: `it has no port named ${portName}` }
            : ask(target, transport, {
              path: `/api/v1/namespaces/${target.system}/pods/${
                nameOf(pod)
              }:${port}/proxy/metrics`,
              expected,
            });
        }),
      );
      return verdict(check, target.system, { running, answers });
    }),
  );
}

/** Number of a container port, by its name. */
function portOf(pod: unknown, name: string): number | undefined {
  const port = listAt(pod, "spec", "containers")
    .flatMap((container) => listAt(container, "ports"))
    .find((one) => textAt(one, "name") === name);
  return numberAt(port, "containerPort");
}

type Answer = "ok" | { readonly kind: "forbidden" | "wrong"; reason: string };

function verdict(
  check: string,
  subject: string,
  { running, answers }: {
    readonly running: readonly unknown[];
    readonly answers: readonly Answer[];
  },
): CheckRow {
  const forbidden = answers.find((one) =>
    one !== "ok" && one.kind === "forbidden"
  );
  if (forbidden !== undefined && forbidden !== "ok") {
    return notChecked(check, subject, forbidden.reason);
  }
  const wrong = running.flatMap((pod, i) => {
    const answer = answers[i];
    return answer === undefined || answer === "ok"
      ? []
      : [`${nameOf(pod)}: ${answer.reason}`];
  });
  return wrong.length === 0
    ? pass(check, subject, `${running.length} pods answer`)
    : fail(check, subject, {
      found: wrong.slice(0, 3).join("; "),
      remedy:
        "Look at the pod, and at network policies between it and the API server.",
    });
}

async function ask(
  { signal }: CheckTarget,
  transport: Pick<ApiTransport, "send">,
  { path, expected }: { readonly path: string; readonly expected: string },
): Promise<Answer> {
  try {
    const response = await transport.send(path, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const text = await response.text();
    return text.includes(expected)
      ? "ok"
      : { kind: "wrong", reason: `its answer has no ${expected}` };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApiError && error.kind === "forbidden") {
      return { kind: "forbidden", reason: error.message };
    }
    return {
      kind: "wrong",
      reason: error instanceof Error ? error.message : String(error),
    };
  }
}
