/** What every operator stands on: tables, mode, transfers. @module */

import type { SystemSpec } from "../../optimizer-wasm/data/system_spec.ts";
import { Refusal } from "./refusal.ts";
import type { Tables } from "./tables.ts";
import type { Transfers } from "./utilisation.ts";
import type { Value } from "./interpolate.ts";

/** Where operators are evaluated. */
export interface Bench {
  readonly system: SystemSpec;
  readonly backend: string;
  readonly mode: "SILICON" | "HYBRID" | "EMPIRICAL" | "SOL";
  readonly tables: Tables;
  readonly transfers: Transfers;
}

/** The three ways to answer; each may refuse. */
export interface Ways {
  silicon(): Value;
  /** Latency in ms; empirical answers carry no energy. */
  empirical(): number;
  sol(): number;
}

/** Answers by the database mode (`aic-engine.md` §5.12). */
export function byMode({ mode }: Bench, ways: Ways): Value {
  switch (mode) {
    case "SOL":
      return { ms: ways.sol(), wms: 0 };
    case "EMPIRICAL":
      return { ms: ways.empirical(), wms: 0 };
    case "SILICON":
      return ways.silicon();
    case "HYBRID":
      try {
        return ways.silicon();
      } catch (error) {
        if (!(error instanceof Refusal) || error.code !== "not_measured") {
          throw error;
        }
        return { ms: ways.empirical(), wms: 0 };
      }
  }
}
