/** The live status of a running planner: a few lines that are drawn again in place. Pure text. @module */

import {
  type LoopEvent,
  type PlannerService,
  timeText,
  waitText,
} from "../../planner/mod.ts";

/** How it looks. */
export interface StatusStyle {
  readonly columns: number;
  readonly color: boolean;
}

/** Decisions that are shown. */
const SHOWN_DECISIONS = 4;
const SHOWN_WAITS = 3;
const BAR = 30;

type Recent = (LoopEvent & { kind: "decided" })["record"];

/** What the status reads. */
export interface StatusInput {
  readonly loop: Pick<
    PlannerService["loop"],
    | "settings"
    | "last"
    | "snapshot"
    | "faults"
    | "time"
    | "untilTickMs"
    | "withheld"
    | "fleetName"
    | "listen"
  >;
  readonly address: PlannerService["address"];
}

/** Collects what the status shows. */
export class LiveStatus {
  readonly #service: StatusInput;
  readonly #recent: Recent[] = [];

  constructor(service: StatusInput) {
    this.#service = service;
    service.loop.listen((event) => {
      if (event.kind !== "decided") return;
      this.#recent.unshift(event.record);
      this.#recent.length = Math.min(this.#recent.length, SHOWN_DECISIONS);
    });
  }

  /** The lines, none longer than the terminal is wide. */
  lines(style: StatusStyle): string[] {
    const { loop, address } = this.#service;
    const { config } = loop.settings.current();
    const { last } = loop;
    const lines = [
      [
        loop.withheld === undefined ? "" : loop.withheld.toUpperCase(),
        `Wattkeeper ${timeText(Math.round(loop.time.now())).slice(-12)}`,
        last ? `decision ${last.decision.sequence}` : "no decision yet",
        `next in ${seconds(loop.untilTickMs)}`,
      ].filter((part) => part !== "").join("  ·  "),
      [
        `${config.environment}: ${loop.fleetName}`,
        address ? `http://${address.hostname}:${address.port}` : "",
      ].filter((part) => part !== "").join("  ·  "),
      "",
      ...this.#sides(),
      ...this.#watts(style),
      ...this.#waits(),
      ...this.#faults(style),
      "",
      ...this.#recent.map(decisionLine),
    ];
    return lines.map((line) => cut(line, style.columns));
  }

  #sides(): string[] {
    const { last, snapshot } = this.#service.loop;
    return (last?.decision.targets ?? []).map(
      ({ side, replicas, capWatts }) => {
        const there = snapshot?.sides[side];
        const wanted = last?.carried[side] ?? replicas;
        const ready = there?.readyReplicas ?? "?";
        return `${side.padEnd(8)} ${
          `${ready} of ${wanted} replicas`.padEnd(18)
        }${capWatts === undefined ? "" : ` cap ${capWatts} W a GPU`}${
          there && there.rollout !== "settled" ? `  (${there.rollout})` : ""
        }`;
      },
    );
  }

  #watts({ color }: StatusStyle): string[] {
    const transition = this.#service.loop.last?.transition;
    if (!transition || !Number.isFinite(transition.budgetInForceWatts)) {
      return [];
    }
    const { chargedWatts, budgetInForceWatts, compliant } = transition;
    const share = budgetInForceWatts > 0
      ? chargedWatts / budgetInForceWatts
      : chargedWatts > 0
      ? Infinity
      : 0;
    const full = Math.min(BAR, Math.max(0, Math.floor(share * BAR)));
    const code = !compliant ? 31 : share >= 0.97 ? 33 : 32;
    return [
      `${"charged".padEnd(8)} ${paint("█".repeat(full), code, color)}${
        "░".repeat(BAR - full)
      } ${kilowatts(chargedWatts)} of ${kilowatts(budgetInForceWatts)}${
        compliant ? "" : "  OVER BUDGET"
      }`,
    ];
  }

  #waits(): string[] {
    const waits = this.#service.loop.last?.transition?.waits ?? [];
    if (waits.length === 0) return [];
    const more = waits.length - SHOWN_WAITS;
    return [
      ...waits.slice(0, SHOWN_WAITS).map((wait, index) =>
        `${(index === 0 ? "waits" : "").padEnd(8)} ${waitText(wait)}`
      ),
      ...(more > 0 ? [`${"".padEnd(8)} and ${more} more`] : []),
    ];
  }

  #faults({ color }: StatusStyle): string[] {
    const { loop } = this.#service;
    return [
      ...loop.faults.list().map(({ part, message }) =>
        `${paint("fault", 31, color)}    ${part}: ${message}`
      ),
      ...(loop.last?.transition?.alarms ?? []).slice(0, SHOWN_WAITS).map((
        { message },
      ) => `${paint("alarm", 31, color)}    ${message}`),
    ];
  }
}

function decisionLine({ decision, madeAtMs }: Recent): string {
  const { predicted, targets, proposed, projectedWatts, reasons } = decision;
  const pair = (values: readonly unknown[]) => values.join("+");
  return [
    `#${decision.sequence}`.padEnd(6),
    timeText(Math.round(madeAtMs)).slice(-12),
    predicted
      ? `${predicted.requestsPerSecond.toFixed(1)} req/s expected`.padEnd(22)
      : "demand unknown".padEnd(22),
    `asked ${pair(targets.map(({ side }) => proposed[side] ?? "-"))}`,
    `final ${pair(targets.map(({ replicas }) => replicas))}`,
    projectedWatts === undefined ? "" : kilowatts(projectedWatts),
    [...new Set(reasons.map(({ kind }) => kind.replaceAll("_", " ")))].join(
      ", ",
    ),
  ].filter((part) => part !== "").join("  ");
}

function kilowatts(watts: number): string {
  return `${(watts / 1000).toFixed(2)} kW`;
}

function seconds(milliseconds: number): string {
  return Number.isFinite(milliseconds)
    ? `${Math.ceil(milliseconds / 1000)} s`
    : "never";
}

function paint(text: string, code: number, color: boolean): string {
  return color && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** A colour code, or one character. */
const PART = new RegExp(`${"\x1b"}\\[\\d+m|.`, "gsu");

/** Cuts at the terminal's width; colour codes have none. */
function cut(line: string, columns: number): string {
  let width = 0;
  let result = "";
  for (const part of line.matchAll(PART)) {
    const [text] = part;
    if (!text.startsWith("\x1b")) {
      if (++width > columns - 1) return `${result}\x1b[0m`;
    }
    result += text;
  }
  return result;
}
