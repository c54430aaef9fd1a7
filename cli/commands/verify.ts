/** `verify`: whether an installed system is as it should be, read-only (`SPEC.md` §13). @module */

import type { Command, CommandContext } from "../command.ts";
import { type CheckRow, tally } from "../kubernetes/check.ts";
import {
  clusterError,
  INSTALLATION_OPTIONS,
  namespacesOf,
  openSession,
} from "../kubernetes/session.ts";
import { verify } from "../kubernetes/verify.ts";
import { type Column, renderRows } from "../render.ts";

/** The command. */
export const command: Command = {
  name: "verify",
  summary:
    "check an installed system: agents, reports, pods, rights; reads only",
  description:
    `Looks at an installation and says of each thing whether it passes, fails, or was not checked and why: the API server's version, the report's CRD, the admission policies, agents and their reports, planners and their Lease, annotations of pods against what their nodes report, the gate, the rights of both accounts, and whether metrics are reachable. Nothing is written; rights are asked of the API server (access reviews, which it does not keep).
Needed rights: list nodes, nodepowerreports, the deployment's pods and leases, the policies; get the DaemonSet; create subjectaccessreviews. What the account may not read is "not checked".`,
  usage: ["verify [--kubeconfig FILE] [--namespace NAME]… [flags]"],
  options: [
    ...INSTALLATION_OPTIONS,
    {
      name: "advisory",
      kind: "boolean",
      help: "The planner only watches: it needs no right to write.",
    },
    {
      name: "strict",
      kind: "boolean",
      help: "Exit with 1 when anything was not checked, too.",
    },
  ],
  examples: [
    {
      command: "deno run -A main.ts verify",
      explains: "the cluster of the current kubeconfig context",
    },
    {
      command:
        "deno run -A main.ts verify --namespace inference --strict --output json",
      explains: "for a pipeline: fails on what could not be looked at",
    },
  ],
  outputs: ["table", "json", "csv", "jsonl"],
  run,
};

const COLUMNS: readonly Column<CheckRow>[] = [
  { key: "check", title: "CHECK", value: ({ check }) => check },
  { key: "subject", title: "SUBJECT", value: ({ subject }) => subject },
  {
    key: "result",
    title: "RESULT",
    value: ({ result }) => result,
    show: ({ result }) => result.replace("_", " "),
  },
  { key: "found", title: "FOUND", value: ({ found }) => found },
];

async function run(context: CommandContext): Promise<number> {
  const { flags, signal, output, write, progress } = context;
  using session = await openSession(flags);
  const rows = await verify({
    client: session.client,
    signal,
    system: String(flags["system-namespace"]),
    now: Date.now,
  }, {
    namespaces: namespacesOf(flags),
    writes: flags["advisory"] !== true,
    transport: session.transport,
    progress,
  }).catch((error) => {
    throw clusterError(error);
  });
  const counts = tally(rows);
  if (output === "json") {
    write(`${JSON.stringify({ checks: rows, summary: counts }, null, 2)}\n`);
  } else if (output === "table") write(table(rows, counts));
  else {
    const remedy = { key: "remedy", value: (row: CheckRow) => row.remedy };
    write(renderRows(rows, [...COLUMNS, remedy], output));
  }
  const bad = counts.fail + (flags["strict"] === true ? counts.not_checked : 0);
  return bad > 0 ? 1 : 0;
}

/** What to do is said below the table, once each: it is too long for a column. */
function table(
  rows: readonly CheckRow[],
  counts: ReturnType<typeof tally>,
): string {
  const unmet = rows.filter(({ result }) => result !== "pass");
  const remedies = [...new Set(unmet.map(({ remedy }) => remedy))].map(
    (remedy) => {
      const of = unmet.filter((row) => row.remedy === remedy);
      const subjects = of.map(({ check, subject }) => `${check} ${subject}`);
      return `- ${subjects.slice(0, 3).join(", ")}${
        subjects.length > 3 ? ", …" : ""
      }:\n  ${remedy}\n`;
    },
  );
  return [
    renderRows(rows, COLUMNS, "table"),
    `\n${counts.pass} pass, ${counts.fail} fail, ${counts.not_checked} not checked.\n`,
    remedies.length > 0 ? `\nWhat to do:\n${remedies.join("")}` : "",
  ].join("");
}
