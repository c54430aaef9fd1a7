/** The one log of a process: structured, JSON lines in a cluster, readable on a terminal. @module */

import {
  configureSync,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type Logger,
} from "@logtape/logtape";

/** Levels from the most to the least talkative; `fatal` is what operators call CRITICAL. */
export const LOG_LEVELS = [
  "trace",
  "debug",
  "info",
  "warning",
  "error",
  "fatal",
] as const;

/** A level of {@linkcode LOG_LEVELS}. */
export type LogLevel = typeof LOG_LEVELS[number];

/** `auto` is `text` on a terminal and `json` otherwise. */
export const LOG_FORMATS = ["auto", "text", "json"] as const;

/** A format of {@linkcode LOG_FORMATS}. */
export type LogFormat = typeof LOG_FORMATS[number];

/** Where the log goes and how it looks. */
export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** The stream is a terminal. */
  readonly isTerminal: boolean;
  /** Colours are wanted (`NO_COLOR` is not set). */
  readonly color: boolean;
  /** Takes one finished line with its line feed. */
  readonly write: (line: string) => void;
}

/** Category under which everything of this product logs. */
const ROOT_CATEGORY = "wattkeeper";

/**
 * Sets up the log of this process; calling it again replaces the set-up.
 *
 * @param settings level, format and the sink
 */
export function configureLog(settings: LogSettings): void {
  const formatter = chooseFormatter(settings);
  configureSync({
    reset: true,
    sinks: { stream: (record) => settings.write(formatter(record)) },
    loggers: [
      {
        category: ROOT_CATEGORY,
        lowestLevel: settings.level,
        sinks: ["stream"],
      },
      {
        category: ["logtape", "meta"],
        lowestLevel: "warning",
        sinks: ["stream"],
      },
    ],
  });
}

/**
 * The log of one part of the product. Silent until {@linkcode configureLog} ran.
 *
 * @param part where the line comes from: `planner`, `agent.nvml`
 * @returns a logger whose lines carry the part as their category
 *
 * @example
 * ```ts
 * logger("planner").info("Cap of {pod} lowered to {capWatts} W", { pod: "decode-0", capWatts: 425 });
 * ```
 */
export function logger(part: string): Logger {
  return getLogger([ROOT_CATEGORY, ...part.split(".")]);
}

function chooseFormatter(settings: LogSettings) {
  const text = settings.format === "text" ||
    settings.format === "auto" && settings.isTerminal;
  if (!text) return getJsonLinesFormatter({ properties: "flatten" });
  return settings.isTerminal && settings.color
    ? getAnsiColorFormatter({ timestamp: "time" })
    : getTextFormatter({ timestamp: "time" });
}
