/** The scores of a comparison as cells, the best of each row marked. @module */

import { scoreRows } from "./comparison_table.ts";
import type { PolicyRun, Resolution } from "./run_policy.ts";

/** One figure of one policy. */
export interface ScoreCell {
  readonly text: string;
  /** No other policy's is better, and some are worse. */
  readonly best: boolean;
}

/** One row. */
export interface ScoreLine {
  /** Two spaces before the name: it belongs to the row above. */
  readonly name: string;
  readonly cells: readonly ScoreCell[];
}

/** Rows of all runs, cells in the runs' order. Figures that read the same are equally good. */
export function scoreTable(
  runs: readonly PolicyRun[],
  resolution: Resolution,
): readonly ScoreLine[] {
  return scoreRows(runs, resolution).map(({ name, show, more, less }) => {
    const texts = runs.map(({ score }) => show(score));
    const worth = runs.map(({ score }) =>
      more?.(score) ?? -(less?.(score) ?? NaN)
    );
    const bestAt = worth.indexOf(
      Math.max(...worth.filter((value) => !Number.isNaN(value))),
    );
    const differ = new Set(texts).size > 1;
    return {
      name,
      cells: texts.map((text) => ({
        text,
        best: differ && bestAt !== -1 && text === texts[bestAt],
      })),
    };
  });
}
