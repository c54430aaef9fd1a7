/** One question answered, or refused, as the fields that programs read (`SPEC.md` R52). @module */

import { type ErrorCode, WattkeeperError } from "../../service/portable.ts";
import { type EngineEstimator, mostly } from "../engine_estimator.ts";
import type {
  DatabaseMode,
  EngineCase,
  LatencySource,
  PowerSource,
} from "../estimate_case.ts";
import type { StaticAnswer } from "../estimator.ts";
import { BUILTIN_SYSTEMS } from "../data/builtin_systems.ts";
import type { EstimatorOpener } from "../open_estimator.ts";
import { type CappedRow, cappedRow } from "./capped.ts";
import { type CaseId, type RawCase, readCase } from "./case_fields.ts";

/** An answered question. */
export interface EstimateRow extends Partial<CappedRow> {
  readonly id: CaseId;
  readonly context_ms: number;
  readonly generation_ms: number;
  readonly context_energy_wms: number;
  readonly generation_energy_wms: number;
  readonly context_power_watts: number;
  readonly generation_power_watts: number;
  /** Ends of the interval around both (R53). */
  readonly context_power_watts_low: number;
  readonly context_power_watts_high: number;
  readonly generation_power_watts_low: number;
  readonly generation_power_watts_high: number;
  readonly ttft_ms: number;
  readonly tpot_ms: number;
  readonly memory_gib: number;
  /** Whether a worker of this batch and these lengths fits the GPU and the backend's KV budget. */
  readonly fits_memory: boolean;
  readonly latency_source: LatencySource;
  /** Where the watts of most of the latency come from. */
  readonly power_source: PowerSource;
  /** Shares of the latency by the source of its watts; what is left is at TDP. */
  readonly measured_power_share: number;
  readonly borrowed_power_share: number;
  readonly modelled_power_share: number;
  /** A look-up lay beyond the measured rows and was carried on from the nearest. */
  readonly beyond_tables: boolean;
  readonly database_mode: DatabaseMode;
  readonly data_version: string;
  readonly operators?: readonly OperatorRow[];
}

/** One operator of an answer. */
export interface OperatorRow {
  readonly phase: "context" | "generation";
  readonly name: string;
  readonly latency_ms: number;
  readonly energy_wms: number;
}

/** A refused question. */
export interface RefusedRow {
  readonly id: CaseId;
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly field?: string;
  };
}

const GIB = 1024 ** 3;
/** Opens the case: tables where they are imported, else the built-in roofline, which the answer says. */
async function open(
  opener: EstimatorOpener,
  engineCase: ReturnType<typeof readCase>["engineCase"],
): Promise<EngineEstimator> {
  const { databaseMode } = engineCase;
  const ask = (mode: DatabaseMode): EngineCase => ({
    ...engineCase,
    databaseMode: mode,
  });
  if (databaseMode !== undefined) return await opener.open(ask(databaseMode));
  try {
    return await opener.open(ask("SILICON"));
  } catch (error) {
    const nothingImported = error instanceof WattkeeperError &&
      isNothingImported(error, engineCase.system) &&
      engineCase.backendVersion === undefined;
    if (!nothingImported) throw error;
    return await opener.open(ask("ROOFLINE"));
  }
}

/** No tables for this system and backend: the built-in model has the system, whatever else is imported (R54). */
function isNothingImported({ code }: WattkeeperError, system: string): boolean {
  return code === "not_imported" ||
    code === "unknown_system" && Object.hasOwn(BUILTIN_SYSTEMS, system);
}

function rowOf(
  id: EstimateRow["id"],
  estimator: EngineEstimator,
  answer: StaticAnswer,
  fits: boolean,
): EstimateRow {
  const { context, generation } = answer;
  const decodes = generation.latencyMs > 0;
  const phases = decodes ? [context, generation] : [context];
  const total = context.latencyMs + generation.latencyMs;
  const share = (source: PowerSource) =>
    phases.reduce(
      (sum, phase) => sum + phase.powerShares[source] * phase.latencyMs,
      0,
    ) / (total > 0 ? total : 1);
  const shares = {
    measured: share("measured"),
    borrowed: share("borrowed"),
    modelled: share("modelled"),
    tdp: share("tdp"),
  };
  return {
    id,
    context_ms: context.latencyMs,
    generation_ms: generation.latencyMs,
    context_energy_wms: context.energyWms,
    generation_energy_wms: generation.energyWms,
    context_power_watts: context.powerWatts,
    generation_power_watts: generation.powerWatts,
    context_power_watts_low: context.powerLowWatts,
    context_power_watts_high: context.powerHighWatts,
    generation_power_watts_low: generation.powerLowWatts,
    generation_power_watts_high: generation.powerHighWatts,
    ttft_ms: answer.ttftMs,
    tpot_ms: answer.tpotMs,
    memory_gib: answer.memoryBytes / GIB,
    fits_memory: fits,
    latency_source:
      phases.every((phase) => phase.latencySource === context.latencySource)
        ? context.latencySource
        : "mixed",
    power_source: mostly(shares),
    measured_power_share: shares.measured,
    borrowed_power_share: shares.borrowed,
    modelled_power_share: shares.modelled,
    beyond_tables: phases.some((phase) => phase.beyondTables),
    database_mode: estimator.engineCase.databaseMode,
    data_version: estimator.dataVersion,
  };
}

function operatorRows(estimator: EngineEstimator): OperatorRow[] {
  return (["context", "generation"] as const).flatMap((phase) =>
    estimator.operators(phase).map(({ name, latencyMs, energyWms }) => ({
      phase,
      name,
      latency_ms: latencyMs,
      energy_wms: energyWms,
    }))
  );
}

/**
 * Answers one question.
 *
 * @param perOperator adds the operators of both phases
 * @throws {WattkeeperError} with the codes of `docs/errors.md`
 */
export async function answerCase(
  opener: EstimatorOpener,
  raw: RawCase,
  perOperator = false,
): Promise<EstimateRow> {
  const { id, engineCase, query, capWatts } = readCase(raw);
  const estimator = await open(opener, engineCase);
  const answer = estimator.staticRun(query);
  const fits = estimator.memory("static", query).fits;
  const row: EstimateRow = {
    ...rowOf(id, estimator, answer, fits),
    ...(capWatts === undefined
      ? {}
      : cappedRow(estimator, { answer, query }, capWatts)),
  };
  return perOperator ? { ...row, operators: operatorRows(estimator) } : row;
}

/**
 * The refusal of a question as a row. Anything but a `WattkeeperError` is a fault of the program: it becomes the code
 * `internal`, so that it spoils no other question of its file.
 */
export function refusedRow(id: RefusedRow["id"], error: unknown): RefusedRow {
  if (!(error instanceof WattkeeperError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { id, error: { code: "internal", message } };
  }
  const { code, message, where } = error;
  return {
    id,
    error: where === undefined
      ? { code, message }
      : { code, message, field: where },
  };
}
