/** Whether reports say anything new that a decision hangs on: agents also report that nothing has changed. Pure. @module */

import type { WatchedReport } from "./watched_report.ts";

/** Remembers the substance of each node's report. */
export class ReportNews {
  #known = new Map<string, string>();

  /** Takes the reports there are. @returns whether one is new, gone, or says something else than before */
  take(reports: readonly WatchedReport[]): boolean {
    let news = reports.length !== this.#known.size;
    const next = new Map<string, string>();
    for (const one of reports) {
      const [name, substance] = one.kind === "report"
        ? [one.report.nodeName, one.substance]
        : [one.nodeName, one.problem];
      next.set(name, substance);
      news ||= this.#known.get(name) !== substance;
    }
    this.#known = next;
    return news;
  }
}
