/** A simulation as the page knows it: what was asked, what has come of it, and how to start and stop it. @module */

import { useEffect, useRef, useState } from "preact/hooks";
import type { PolicyRun, ScoreLine } from "../../../proof/portable.ts";
import type {
  SimulationQuestion,
  SimulationResult,
} from "../../simulator/protocol.ts";
import type { ToldError } from "../../worker/protocol.ts";
import { SimulationClient } from "./client.ts";

/** What is known of the simulation that was asked last. */
export interface Simulation {
  readonly question: SimulationQuestion;
  readonly status: "running" | "stopped" | "failed" | "done";
  /** What is done, from 0 to 1, and what is in work. */
  readonly share: number;
  readonly label: string;
  /** What its traffic is, and the data of its model, once both are known. */
  readonly traffic: string | undefined;
  readonly dataVersion: string | undefined;
  readonly targets:
    | { readonly ttftMs: number; readonly itlMs: number }
    | undefined;
  /** Policies that are done, ours first. */
  readonly runs: readonly PolicyRun[];
  readonly table: readonly ScoreLine[];
  readonly error: ToldError | undefined;
  readonly result: SimulationResult | undefined;
}

const DIED: ToldError = {
  code: "internal",
  number: undefined,
  message: "The simulator stopped by itself.",
  remedy: "Run it again; other tabs may need the memory.",
  where: undefined,
};

/** What the page can do with it. */
export interface SimulationControl {
  /** Undefined: none was asked for. */
  readonly simulation: Simulation | undefined;
  readonly start: (question: SimulationQuestion) => void;
  readonly stop: () => void;
}

/** The simulation of a page. */
export function useSimulation(): SimulationControl {
  const client = useRef<SimulationClient>(null);
  const [simulation, setSimulation] = useState<Simulation>();
  const change = (part: (now: Simulation) => Partial<Simulation>) =>
    setSimulation((now) => now && { ...now, ...part(now) });
  useEffect(() => () => client.current?.stop(), []);
  return {
    simulation,
    start(question) {
      client.current ??= new SimulationClient();
      setSimulation({
        question,
        status: "running",
        share: 0,
        label: "",
        traffic: undefined,
        dataVersion: undefined,
        targets: undefined,
        runs: [],
        table: [],
        error: undefined,
        result: undefined,
      });
      client.current.start(question, (message) => {
        switch (message.kind) {
          case "started": {
            const { kind: _, ...started } = message;
            return change(() => started);
          }
          case "progress": {
            const { done, of, label } = message;
            return change(() => ({ share: done / of, label }));
          }
          case "run": {
            const { run, table } = message;
            return change(({ runs }) => ({ runs: [...runs, run], table }));
          }
          case "done":
            return change(() => ({
              status: "done",
              share: 1,
              result: message.result,
            }));
          case "failed":
            return change(() => ({ status: "failed", error: message.error }));
          case "died":
            return change(() => ({ status: "failed", error: DIED }));
        }
      });
    },
    stop() {
      client.current?.stop();
      change(() => ({ status: "stopped" }));
    },
  };
}
