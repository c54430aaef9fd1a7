/** The parts of an explanation that not every decision has: corrections, optimizer, admission, writes. @module */

import { grouped, watts } from "./reason_text.ts";
import type { RecordView } from "./record_view.ts";
import { table, wrapped } from "./text_table.ts";

/** Lines of a transition that are shown; the rest is a count. */
const MOST_LINES = 12;

/** Coefficients that were corrected, or stand at something else than 1. */
export function coefficientLines(record: RecordView): string[] {
  const after = record.numbers("coefficients", "after");
  const updates = record.list("coefficients", "updates");
  const rows = after.flatMap(([name, value]) => {
    const update = updates.find((one) => one.text("coefficient") === name);
    const before = record.number("coefficients", "before", name) ?? value;
    if (!update && value === 1 && before === 1) return [];
    const censored = record.number("coefficients", "censored_ticks", name) ?? 0;
    const notes = [
      update?.flag("censored") === true
        ? [`at its cap, ${censored} times in a row`]
        : [],
      record.number("coefficients", "pegged_since_ms", name) === undefined
        ? []
        : ["at its limit"],
    ].flat();
    return [[
      `c_${name}`,
      before.toFixed(3),
      value.toFixed(3),
      figure(update?.number("observed")),
      figure(update?.number("predicted")),
      notes.join(", "),
    ]];
  });
  return rows.length === 0 ? [] : table([
    ["coefficient", "before", "after", "observed", "predicted", ""],
    ...rows,
  ], [0, 5]);
}

function figure(value: number | undefined): string {
  if (value === undefined) return "-";
  return Math.abs(value) < 1e7 ? value.toFixed(1) : value.toExponential(1);
}

/** Status, plan and drift. */
export function optimizerLines(record: RecordView): string[] {
  const status = record.text("optimizer", "status");
  if (status === undefined || status === "off") return [];
  const number = (name: string) => record.number("optimizer", name) ?? 0;
  const reason = record.text("optimizer", "disabled_reason");
  const age = record.number("optimizer", "last_search_age_ms");
  const searched = record.text("optimizer", "searched");
  const plan = record.part("optimizer", "plan");
  const triggers = record.texts("optimizer", "drift_triggers");
  const lines = [
    [
      "status",
      `${status}${reason === undefined ? "" : ` (${reason})`}; ${
        number("consecutive_failures")
      } of ${number("max_consecutive_failures")} failures in a row`,
    ],
    [
      "search",
      age === undefined
        ? "none yet"
        : `${grouped(age / 1000)} s ago${
          searched === undefined ? "" : `, now, because of ${searched}`
        }; ${number("searches_total")} in all`,
    ],
    [
      "drift",
      `${number("drift_ticks")} of ${number("drift_ticks_needed")} ticks${
        triggers.length === 0 ? "" : `: ${triggers.join(", ")}`
      }`,
    ],
  ];
  if (plan) {
    const ceilings = plan.numbers("ceilings");
    lines.push([
      "plan",
      `${plan.text("regime") ?? "?"}: ${
        plan.numbers("caps").map(([side, cap]) => `${side} ${watts(cap)}`)
          .join(", ")
      }${
        ceilings.length === 0
          ? ""
          : `; at most ${
            ceilings.map(([side, count]) => `${count} ${side}`).join(" + ")
          }`
      }; ${grouped(plan.number("tokens_per_second") ?? 0)} output tokens/s`,
    ]);
  }
  return named(lines);
}

/** Implied and set thresholds. */
export function admissionLines(record: RecordView): string[] {
  const admission = record.part("admission");
  if (!admission) return [];
  const theta = (name: string) => admission.number(name)?.toFixed(3) ?? "-";
  return [
    ...named([["mode", admission.text("mode") ?? "?"]]),
    ...table([
      ["", "implied", "to set", "tokens"],
      [
        "prefill",
        theta("theta_prefill"),
        theta("set_theta_prefill"),
        String(admission.number("set_prefill_tokens") ?? "-"),
      ],
      ["decode", theta("theta_decode"), theta("set_theta_decode"), "-"],
    ], [0]),
  ];
}

/** The ledger's word: charges, steps, what is waited for, alarms. */
export function transitionLines(record: RecordView): string[] {
  const transition = record.part("transition");
  if (!transition) return [];
  const charged = transition.number("charged_watts") ?? 0;
  const inForce = transition.number("budget_in_force_watts");
  const missing = transition.number("unreachable", "missing_watts");
  const facts = [[
    "charged",
    `${watts(charged)}${inForce === undefined ? "" : ` of ${watts(inForce)}`}${
      transition.flag("compliant") === false ? ", not compliant yet" : ""
    }${transition.flag("settled") === true ? ", settled" : ""}`,
  ]];
  if (missing !== undefined) {
    facts.push(["unreachable", `${watts(missing)} are missing`]);
  }
  return [
    ...named(facts),
    ...listed("step", transition.list("steps").map(stepText)),
    ...listed("waits for", transition.list("waits").map(waitText)),
    ...listed(
      "ALARM",
      transition.list("alarms").map((alarm) =>
        `${alarm.text("kind") ?? "?"}: ${alarm.text("message") ?? ""}`
      ),
    ),
  ];
}

function stepText(step: RecordView): string {
  switch (step.text("kind")) {
    case "scale":
      return `scale ${step.text("side")} ${
        step.number("from_replicas") ?? "?"
      } → ${step.number("replicas")}`;
    case "patch":
      return `${step.text("purpose")} ${step.text("pod", "name")} at ${
        watts(step.number("grant", "watts") ?? 0)
      }`;
    case "lease":
      return `renew the Lease, epoch ${step.number("epoch")}`;
    default:
      return step.text("kind") ?? "?";
  }
}

function waitText(wait: RecordView): string {
  const where = wait.text("pod_name") ?? wait.text("gpu_uuid") ??
    wait.text("node_name");
  const freed = wait.number("watts");
  return [
    wait.text("kind") ?? "?",
    ...(where === undefined ? [] : [where]),
    ...(freed === undefined ? [] : [watts(freed)]),
  ].join(" ");
}

function listed(name: string, texts: readonly string[]): string[] {
  const shown = texts.slice(0, MOST_LINES).flatMap((text) =>
    wrapped(text, `  ${name.padEnd(11)} `, " ".repeat(14))
  );
  const rest = texts.length - MOST_LINES;
  return rest > 0 ? [...shown, `  ${"".padEnd(11)} and ${rest} more`] : shown;
}

function named(lines: readonly (readonly string[])[]): string[] {
  return lines.flatMap(([name = "", text = ""]) =>
    wrapped(text, `  ${name.padEnd(11)} `, " ".repeat(14))
  );
}
