/** Data-centre GPUs and the power limits that they take: for sizing, never for clamping (that asks the device). @module */

/** One GPU as sold. */
export interface GpuSku {
  /** System name where there is one (`h200_sxm`). */
  readonly name: string;
  /** Lowest limit that NVML takes, watts; undefined where nobody has published it. */
  readonly minWatts: number | undefined;
  readonly defaultWatts: number;
  readonly maxWatts: number;
  /** Where the figures come from. */
  readonly source: string;
}

const DATA_SHEET = "NVIDIA data sheet (maximum)";

const sku = (
  name: string,
  watts: readonly [min: number | undefined, usual: number, max: number],
  source: string,
): GpuSku => ({
  name,
  minWatts: watts[0],
  defaultWatts: watts[1],
  maxWatts: watts[2],
  source,
});

/** By name; limits of `power-curves.md` §5 where somebody read them from a device. */
export const GPU_SKUS: readonly GpuSku[] = [
  sku("a100_sxm", [100, 400, 400], "read from a device in a public sweep"),
  sku("a100_pcie", [undefined, 300, 300], DATA_SHEET),
  sku("a40", [100, 300, 300], "capped to 100 W in a public sweep"),
  sku("h100_sxm", [200, 700, 700], "read from a device in a public playbook"),
  sku("h100_pcie", [undefined, 350, 350], DATA_SHEET),
  sku("h100_nvl", [undefined, 400, 400], DATA_SHEET),
  sku("h20_sxm", [undefined, 500, 500], DATA_SHEET),
  sku(
    "h200_sxm",
    [200, 700, 700],
    "200 to 700 W used in a public sweep; the minimum is not published",
  ),
  sku("h200_nvl", [undefined, 600, 600], DATA_SHEET),
  sku("b200_sxm", [200, 1000, 1000], "read from a device in public notes"),
  sku(
    "b300_sxm",
    [400, 1100, 1100],
    "400 to 1100 W used in public notes; the minimum is not published",
  ),
  sku("gb200", [undefined, 1200, 1200], "set by a public tuning script"),
  sku("gb300", [undefined, 1400, 1400], "read from a device in public notes"),
  sku("l4", [undefined, 72, 72], DATA_SHEET),
  sku("l40s", [undefined, 350, 350], DATA_SHEET),
  sku(
    "rtx_pro_6000_server",
    [150, 600, 600],
    "read from a device in a public sweep",
  ),
];

/** The SKU of a name, or undefined. */
export function gpuSku(name: string): GpuSku | undefined {
  return GPU_SKUS.find((one) => one.name === name);
}
