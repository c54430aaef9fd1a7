/** A day of traffic on the chosen fleet: ours against what people use instead. @module */

import { useState } from "preact/hooks";
import type { PolicyName } from "../../../proof/portable.ts";
import { plannerYaml } from "../../plan/planner_yaml.ts";
import { simulateLine } from "../../plan/simulate_line.ts";
import type { PlanState } from "../../plan/state.ts";
import type { SimulationQuestion } from "../../simulator/protocol.ts";
import type { TraceShape } from "../../worker/protocol.ts";
import type { Answer } from "../answer.ts";
import { Segments } from "../choices.tsx";
import { CopyLine } from "../copy_line.tsx";
import { saveText } from "../download.ts";
import { Decisions } from "./decisions.tsx";
import { POLICIES } from "./policies.ts";
import { ScoreTable } from "./score_table.tsx";
import { Settings } from "./settings.tsx";
import { SimulationStatus } from "./status.tsx";
import { TimePlots } from "./time_plots.tsx";
import { useSimulation } from "./use_simulation.ts";

/** A trace with its file. */
export interface DroppedTrace {
  readonly shape: TraceShape;
  readonly file: File;
}

/** What the section shows and changes. */
export interface SimulationProps {
  readonly answer: Answer | undefined;
  readonly state: PlanState;
  readonly change: (change: Partial<PlanState>) => void;
  readonly trace: DroppedTrace | undefined;
}

/** The section. */
export function SimulationSection(
  { answer, state, change, trace }: SimulationProps,
) {
  const { simulation, start, stop } = useSimulation();
  const [chosen, setChosen] = useState<PolicyName>("wattkeeper");
  const [instant, setInstant] = useState(0);
  const [said, setSaid] = useState("");
  const question = questionOf(answer, state, trace?.file);
  const isRunning = simulation?.status === "running";
  const isOther = simulation !== undefined && typeof question !== "string" &&
    !isSame(simulation.question, question);
  const run = simulation?.runs.find(({ policy }) => policy === chosen);
  const last = Math.max(0, (run?.samples.length ?? 1) - 1);
  const at = Math.min(instant, last);
  const { result } = simulation ?? {};
  return (
    <section class="panel simulation" aria-labelledby="simulation-heading">
      <div class="plot-head">
        <h2 id="simulation-heading">A day of traffic</h2>
        <div class="tools">
          <button
            type="button"
            class="quiet"
            aria-label="A day of traffic: JSON"
            disabled={!result}
            onClick={() =>
              result &&
              saveText(
                `${JSON.stringify(result.record, null, 2)}\n`,
                "simulation.json",
                "application/json",
              )}
          >
            JSON
          </button>
          <button
            type="button"
            class="quiet"
            aria-label="A day of traffic: CSV"
            disabled={!result}
            onClick={() =>
              result && saveText(result.csv, "simulation.csv", "text/csv")}
          >
            CSV
          </button>
        </div>
      </div>
      <p class="hint">
        The planner itself, second by second through simulated traffic with
        these layouts inside this budget, beside what people use instead.
      </p>
      <Settings state={state} change={change} trace={trace?.shape} />
      <div class="row wrap simulation-run">
        {isRunning
          ? <button type="button" class="primary" onClick={stop}>Stop</button>
          : (
            <button
              type="button"
              class="primary"
              disabled={typeof question === "string"}
              onClick={() => typeof question !== "string" && start(question)}
            >
              {simulation ? "Run again" : "Run"}
            </button>
          )}
        <SimulationStatus
          simulation={simulation}
          cannot={typeof question === "string" ? question : undefined}
          isOther={isOther}
          answerData={answer?.question.space.backendVersion ?? "builtin"}
        />
      </div>
      {simulation && (
        <div
          class={`simulation-result${isOther ? " simulation-other" : ""}`}
        >
          <ScoreTable simulation={simulation} />
          <Segments
            label="Over time"
            value={chosen}
            choices={POLICIES.map(({ policy, name }) => ({
              value: policy,
              label: name,
            }))}
            change={setChosen}
          />
          <TimePlots
            run={run}
            targets={simulation.targets}
            waiting={isRunning ? "Simulating …" : "Not simulated"}
            instant={at}
            pick={setInstant}
          />
          <Decisions run={run} instant={at} pick={setInstant} />
        </div>
      )}
      <p class="hint">
        The same on the command line, with the exported planner.yaml and the
        same packs, to the digit:
      </p>
      <CopyLine
        label="Command line of the simulation"
        line={simulateLine(state, traceNameOf(state, trace))}
        say={setSaid}
      />
      <p class="said" role="status">{said || " "}</p>
    </section>
  );
}

function traceNameOf(
  { simulationTraffic }: PlanState,
  trace: DroppedTrace | undefined,
): string | undefined {
  return simulationTraffic === "trace"
    ? trace?.file.name ?? "trace.jsonl"
    : undefined;
}

/** What would be simulated, or why nothing can be. */
function questionOf(
  answer: Answer | undefined,
  state: PlanState,
  file: File | undefined,
): SimulationQuestion | string {
  const best = answer?.best?.result.best;
  if (!answer?.best || !best) {
    return "Without a fleet there is nothing to simulate.";
  }
  if (answer.question.query.budgetWatts === undefined) {
    return "Policies are compared inside a power budget: give one, or racks.";
  }
  const isTrace = state.simulationTraffic === "trace";
  if (isTrace && !file) return "The trace file is not here: drop it again.";
  const { capRange } = answer.best;
  return {
    planner: plannerYaml({ question: answer.question, best, capRange }),
    trace: isTrace ? file : undefined,
    speed: isTrace ? state.traceSpeed : 1,
    copies: isTrace ? state.traceCopies : 1,
    seed: state.simulationSeed,
    hours: state.simulationHours,
    resolution: state.simulationResolution,
  };
}

function isSame(one: SimulationQuestion, other: SimulationQuestion): boolean {
  const { trace, ...rest } = one;
  const { trace: otherTrace, ...otherRest } = other;
  return trace === otherTrace &&
    JSON.stringify(rest) === JSON.stringify(otherRest);
}
