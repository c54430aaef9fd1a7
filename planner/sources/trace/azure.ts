/** The Azure LLM inference traces: CSV with TIMESTAMP, ContextTokens, GeneratedTokens. @module */

import { bad, type TraceLine, traceLine } from "./request.ts";

/** `2023-11-16 18:17:03.9799600`, also with `T` and with a zone. */
const STAMP =
  /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?$/;

/** Milliseconds since 1970; a stamp without a zone is UTC. NaN for anything else. */
export function stampMs(text: string): number {
  const parts = STAMP.exec(text);
  if (!parts) return Number.NaN;
  const [, year, month, day, hour, minute, second, fraction, zone] = parts;
  const fields = [year, month, day, hour, minute, second].map(Number);
  const [y = 0, m = 0, d = 0, h = 0, min = 0, s = 0] = fields;
  const base = Date.UTC(y, m - 1, d, h, min, s);
  const back = new Date(base);
  // Date.UTC rolls the 31st of February over into March; a trace that says so is wrong.
  if (back.getUTCMonth() !== m - 1 || back.getUTCDate() !== d || h > 23) {
    return Number.NaN;
  }
  const offset = zone === undefined || zone === "Z"
    ? 0
    : (zone.startsWith("-") ? -1 : 1) *
      (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2)));
  return base + Number(`0${fraction ?? ".0"}`) * 1000 - offset * 60_000;
}

/**
 * Reads the head of an Azure trace.
 *
 * @returns a parser of its lines, or undefined when the line is not such a head
 */
export function azureParser(
  head: string,
): ((line: string) => TraceLine) | undefined {
  const names = cells(head).map((name) => name.toLowerCase());
  const time = names.indexOf("timestamp");
  const input = names.indexOf("contexttokens");
  const output = names.indexOf("generatedtokens");
  if (time < 0 || input < 0 || output < 0) return undefined;
  return (line) => {
    const row = cells(line);
    if (row.length !== names.length) {
      return bad(`${row.length} columns instead of ${names.length}`);
    }
    const stamp = row[time] ?? "";
    const atMs = stampMs(stamp);
    if (Number.isNaN(atMs)) return bad(`the time "${stamp.slice(0, 40)}"`);
    return traceLine({
      atMs,
      inputTokens: count(row[input]),
      outputTokens: count(row[output]),
    });
  };
}

function cells(line: string): string[] {
  return line.split(",").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

function count(cell: string | undefined): number {
  return cell === undefined || cell === "" ? Number.NaN : Number(cell);
}
