/** The module's exports, typed: addresses and scalars in, statuses out (`assembly/index.ts`). @module */

/** An address inside the module's memory. */
export type Address = number;

/** What `assembly/index.ts` exports. */
export interface WasmExports {
  readonly memory: WebAssembly.Memory;
  configure(
    bandwidthBytesPerSecond: number,
    bandwidthScale: number,
    constantSeconds: number,
    tdpWatts: number,
    idleWatts: number,
  ): void;
  outputAddress(): Address;
  reserve(bytes: number): Address;
  openGrid(block: Address): Address;
  openSites(block: Address): Address;
  newProgram(): Address;
  newOp(
    kind: number,
    mode: number,
    role: number,
    scale: number,
    split: number,
    multiple: number,
  ): Address;
  appendOp(program: Address, phase: number, op: Address): number;
  setFailure(op: Address, status: number): void;
  setLinear(
    op: Address,
    msPerToken: number,
    constantMs: number,
    solMsPerToken: number,
  ): void;
  setPrecision(op: Address, flops: number, elementBytes: number): void;
  setGemm(op: Address, n: number, k: number): void;
  setSites(op: Address, sites: Address): void;
  setReferenceSites(op: Address, sites: Address): void;
  setQuantize(op: Address, computeScale: Address, scaleMatrix: Address): void;
  setGrid(op: Address, grid: Address): void;
  setAttention(
    op: Address,
    heads: number,
    kvHeads: number,
    headSize: number,
    window: number,
    kvBytes: number,
    extraMs: number,
    contextParallel: number,
  ): void;
  setMla(
    op: Address,
    heads: number,
    kvBytes: number,
    projectionFlops: number,
    contextParallel: number,
  ): void;
  setBeyond(op: Address, factor: number): void;
  setChildren(op: Address, count: number, secondGroup: number): void;
  setChild(op: Address, index: number, child: Address): void;
  setDispatch(op: Address): void;
  setMessage(
    op: Address,
    elements: number,
    solMsPerElement: number,
    beyond: number,
  ): void;
  setMoe(
    op: Address,
    hidden: number,
    inter: number,
    topk: number,
    experts: number,
    moeTp: number,
    moeEp: number,
    gemms: number,
  ): void;
  setLowLatency(op: Address, grid: Address): void;
  setReference(op: Address, reference: Address, ratio: number): void;
  setLowReference(op: Address, reference: Address): void;
  setRoofline(
    op: Address,
    ms: number,
    compute: number,
    memory: number,
    exponent: number,
    tile: number,
    scale: number,
    issue: number,
    host: number,
    processors: number,
  ): void;
  setPowerGrid(op: Address, grid: Address): void;
  setPower(
    op: Address,
    family: Address,
    wholePower: boolean,
    clockLeast: number,
  ): void;
  setPoweredRows(op: Address, rows: Address): void;
  setBorrowed(op: Address, rows: Address, low: number, high: number): void;
  hasRows(op: Address): number;
  operatorLight(
    op: Address,
    batch: number,
    length: number,
    prefix: number,
    tokens: number,
  ): void;
  powerSums(
    program: Address,
    phase: number,
    batch: number,
    length: number,
    prefix: number,
    steps: number,
  ): void;
  mixedPowerSums(
    program: Address,
    context: number,
    requests: number,
    isl: number,
    osl: number,
    prefix: number,
    drafts: number,
  ): number;
  generationPowerSums(
    program: Address,
    requests: number,
    isl: number,
    osl: number,
    drafts: number,
  ): number;
  seal(program: Address): void;
  failedOperator(): number;
  prefill(
    program: Address,
    batch: number,
    isl: number,
    prefix: number,
  ): number;
  decode(program: Address, batch: number, length: number): number;
  decodeAll(
    program: Address,
    batch: number,
    isl: number,
    osl: number,
    stride: number,
  ): number;
  runStatic(
    program: Address,
    batch: number,
    isl: number,
    osl: number,
    prefix: number,
    stride: number,
    drafts: number,
  ): number;
  mixed(
    program: Address,
    context: number,
    requests: number,
    isl: number,
    osl: number,
    prefix: number,
    drafts: number,
  ): number;
  generationOnly(
    program: Address,
    requests: number,
    isl: number,
    osl: number,
    drafts: number,
  ): number;
  aggregated(
    program: Address,
    batch: number,
    context: number,
    isl: number,
    osl: number,
    prefix: number,
    drafts: number,
    vllm: number,
    layerOverheadMs: number,
  ): number;
  operatorFigures(program: Address, phase: number, index: number): void;
  searchSetting(): Address;
  layoutGroups(): Address;
  clearRows(): void;
  addRow(
    program: Address,
    side: number,
    layout: number,
    gpus: number,
    ranks: number,
    batch: number,
    contextTokens: number,
    mostRate: number,
  ): number;
  addRowLimit(
    limitWatts: number,
    ms: number,
    generationMs: number,
    watts: number,
    generationWatts: number,
  ): number;
  search(
    disagg: number,
    prefillOnly: number,
    decodeOnly: number,
    aggOnly: number,
    top: number,
  ): number;
  expandSide(side: number): number;
  rankedCount(): number;
  rankedAt(index: number): Address;
  rankedOption(index: number, which: number): Address;
  optionCount(side: number): number;
  optionTable(side: number): Address;
  noteMisses(group: number): void;
  nearestMisses(): Address;
  candidatesLooked(): number;
}

/** Operator kinds, as `assembly/op.ts` numbers them. */
export const KIND = {
  linear: 1,
  gemm: 2,
  contextAttention: 3,
  generationAttention: 4,
  message: 5,
  moe: 6,
  fail: 7,
  quantize: 8,
  contextMla: 9,
  generationMla: 10,
  mlaBmm: 11,
  generationMlaModule: 12,
  fallback: 13,
  overlap: 14,
} as const;

/** Database modes, as `assembly/op.ts` numbers them. */
export const MODE = {
  SILICON: 0,
  HYBRID: 1,
  EMPIRICAL: 2,
  SOL: 3,
  ROOFLINE: 4,
} as const;

/** Operator roles, as `assembly/op.ts` numbers them. */
export const ROLE = {
  plain: 0,
  contextAttention: 1,
  generationAttention: 2,
  logits: 3,
} as const;

/** Sources of watts, as `assembly/power.ts` numbers them. */
export const WATTS_SOURCE = {
  measured: 0,
  borrowed: 1,
  modelled: 2,
  tdp: 3,
} as const;

/** Statuses, as `assembly/status.ts` numbers them. */
export const STATUS = {
  ok: 0,
  notMeasured: 1,
  noEmpirical: 2,
  missingFlops: 3,
  noTokens: 4,
} as const;

/** Bits of an answer's flags, as `assembly/status.ts` numbers them. */
export const FLAG = {
  fromTable: 1,
  fromEmpirical: 2,
  fromFormula: 4,
  beyondTables: 8,
} as const;
