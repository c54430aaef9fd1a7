/** The reckoning of `budget` as a table, JSON or CSV. @module */

import type { OutputFormat } from "../command.ts";
import { type Column, renderRows } from "../render.ts";
import type {
  DeploymentBudget,
  Sizing,
  SizingInput,
} from "../../optimizer-wasm/mod.ts";

const DEPLOYMENT_COLUMNS: readonly Column<DeploymentBudget>[] = [
  { key: "name", title: "deployment", value: (row) => row.name },
  { key: "gpus", title: "GPUs", value: (row) => row.gpus },
  { key: "budget_watts", title: "budget W", value: (row) => row.budgetWatts },
  { key: "watts_per_gpu", title: "W per GPU", value: (row) => row.wattsPerGpu },
];

interface Step {
  readonly text: string;
  readonly watts: number;
}

const STEP_COLUMNS: readonly Column<Step>[] = [
  { key: "step", title: "", value: (row) => row.text },
  { key: "watts", title: "W", value: (row) => row.watts },
];

/**
 * Writes the reckoning down.
 *
 * @param sizing the reckoning
 * @param input what it was made from
 * @param format table, json or csv (one row a deployment)
 * @returns the text for standard output
 */
export function budgetReport(
  sizing: Sizing,
  input: SizingInput,
  format: OutputFormat,
): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(asJson(sizing, input), null, 2)}\n`;
    case "csv":
    case "jsonl":
      return renderRows(sizing.deployments, DEPLOYMENT_COLUMNS, format);
    case "table":
      return asTable(sizing, input);
  }
}

function asTable(sizing: Sizing, input: SizingInput): string {
  const steps = [
    {
      text: `${input.racks} × ${input.rackWatts} W of a rack`,
      watts: sizing.facilityWatts,
    },
    { text: `× headroom ${input.headroom}`, watts: sizing.plannedWatts },
    { text: "− all but GPUs", watts: -sizing.nonGpuWatts },
    {
      text: `− ${input.idleGpus} idle GPUs × ${input.idleGpuWatts} W`,
      watts: -sizing.idleWatts,
    },
    {
      text: `− ${sizing.otherGpus} other GPUs × ${input.tdpWatts} W`,
      watts: -sizing.otherWatts,
    },
    { text: "= GPU budget", watts: sizing.budgetWatts },
  ].filter(({ watts }) => watts !== 0);
  const sections = [
    renderRows(steps, STEP_COLUMNS, "table"),
    renderRows(sizing.deployments, DEPLOYMENT_COLUMNS, "table"),
    sizing.deployments.map((deployment) =>
      `# planner.yaml of ${deployment.name}\n${
        fieldsToPaste(deployment, sizing)
      }`
    ).join("\n"),
  ];
  if (sizing.unassignedWatts > 0) {
    sections.push(`${sizing.unassignedWatts} W are left over by rounding.\n`);
  }
  sections.push(
    ...sizing.warnings.map((warning) => `warning: ${warning}\n`),
  );
  return sections.join("\n");
}

function fieldsToPaste(deployment: DeploymentBudget, sizing: Sizing): string {
  return Object.entries(fields(deployment, sizing))
    .map(([name, value]) => `${name}: ${value}\n`).join("");
}

function fields(deployment: DeploymentBudget, sizing: Sizing) {
  return {
    enable_power_awareness: true,
    total_gpu_power_limit: deployment.budgetWatts,
    power_agent_safe_default_watts: sizing.safeDefaultWatts,
    max_gpu_budget: deployment.gpus,
  };
}

function asJson(sizing: Sizing, input: SizingInput) {
  return {
    racks: input.racks,
    rack_watts: input.rackWatts,
    nodes: input.nodes,
    gpus: sizing.gpus,
    tdp_watts: input.tdpWatts,
    headroom: input.headroom,
    facility_watts: sizing.facilityWatts,
    planned_watts: sizing.plannedWatts,
    non_gpu_watts: sizing.nonGpuWatts,
    idle_gpus: input.idleGpus,
    idle_watts: sizing.idleWatts,
    other_gpus: sizing.otherGpus,
    other_watts: sizing.otherWatts,
    budget_watts: sizing.budgetWatts,
    max_draw_watts: sizing.maxDrawWatts,
    safe_default_watts: sizing.safeDefaultWatts,
    unassigned_watts: sizing.unassignedWatts,
    deployments: sizing.deployments.map((deployment) => ({
      name: deployment.name,
      gpus: deployment.gpus,
      budget_watts: deployment.budgetWatts,
      watts_per_gpu: deployment.wattsPerGpu,
      fields: fields(deployment, sizing),
    })),
    warnings: sizing.warnings,
  };
}
