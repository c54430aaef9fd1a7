/**
 * Parameters of the built-in model (R54), fitted on measured operator tables; `docs/accuracy.md` states the fit and its
 * error. One line each, so that a new fit is a readable change.
 * @module
 */

/** GPU generations with parameters of their own. */
export type Generation = "ampere" | "hopper" | "blackwell";
/** Operator families of the table below. */
export type RooflineFamily =
  | "gemm"
  | "context_attention"
  | "generation_attention"
  | "moe"
  | "computescale"
  | "scale_matrix"
  | "context_mla"
  | "generation_mla"
  | "mla_bmm";

/** Efficiencies of one operator family, precision and generation on one backend, or on `any` without its own. */
export interface RooflineRow {
  readonly family: string;
  readonly precision: string;
  readonly generation: string;
  readonly backend: string;
  readonly constantMs: number;
  readonly compute: number;
  readonly memory: number;
  readonly exponent: number;
  /** Tile share of gemm and attention, lone-item share of decode attention, activation traffic of moe. */
  readonly first: number;
  /** Head-size exponent, microseconds an item, imbalance exponent. */
  readonly second: number;
}

// family, precision, generation, backend, constant ms, compute, memory, exponent, first, second
const OPERATORS = `
gemm                 bf16                    ampere    any    0.00551   0.797  0.774   1.68 0.00764 0
gemm                 bf16                    ampere    sglang 0.00618   0.774  0.773   1.56 0.00594 0
gemm                 bf16                    ampere    trtllm 0.00548   0.828  0.796   1.63 0.00528 0
gemm                 bf16                    ampere    vllm   0.00538   0.838  0.763   1.64 0.00707 0
gemm                 bf16                    hopper    any    0.00371   0.784  0.852   2.66 0.0426  0
gemm                 bf16                    hopper    sglang 0.00386   0.751  0.857   2.7  0.05    0
gemm                 bf16                    hopper    trtllm 0.0035    0.783  0.83    2.75 0.0471  0
gemm                 bf16                    hopper    vllm   0.00369   0.813  0.871   2.69 0.0435  0
gemm                 bf16                    blackwell any    0.00283   0.692  0.803   2.45 0.128   0
gemm                 bf16                    blackwell sglang 0.00304   0.682  0.828   2.21 0.132   0
gemm                 bf16                    blackwell trtllm 0.00262   0.68   0.763   2.62 0.127   0
gemm                 bf16                    blackwell vllm   0.00285   0.723  0.825   2.42 0.137   0
gemm                 fp8                     hopper    any    0.00874   0.534  1.0     1.23 0.156   0
gemm                 fp8                     hopper    sglang 0.00563   0.528  0.987   1.11 0.153   0
gemm                 fp8                     hopper    trtllm 0.0131    0.583  0.885   1.74 0.0994  0
gemm                 fp8                     hopper    vllm   0.00602   0.43   0.796   5.06 0.236   0
gemm                 fp8                     blackwell any    0.0089    0.475  0.959   1.32 0.289   0
gemm                 fp8                     blackwell sglang 0.00574   0.473  0.865   1.44 0.315   0
gemm                 fp8                     blackwell trtllm 0.0149    0.53   0.934   1.15 0.152   0
gemm                 fp8                     blackwell vllm   0.00623   0.38   0.808   2.77 0.3     0
gemm                 fp8_block               hopper    any    0.0045    0.533  1.09    1.06 0.228   0
gemm                 fp8_block               hopper    sglang 0.00429   0.578  1.01    1.16 0.247   0
gemm                 fp8_block               hopper    trtllm 0.00465   0.493  1.15    1.0  0.214   0
gemm                 fp8_block               hopper    vllm   0.006     0.627  0.98    7.0  0.641   0
gemm                 fp8_block               blackwell any    0.00602   0.585  0.934   1.61 0.407   0
gemm                 fp8_block               blackwell sglang 0.00635   0.587  0.933   1.75 0.421   0
gemm                 fp8_block               blackwell trtllm 0.00579   0.584  0.902   1.68 0.404   0
gemm                 fp8_block               blackwell vllm   0.006     0.58   0.797   3.25 1.05    0
gemm                 int4_wo                 ampere    any    0.0128    0.78   1.18    1.11 0.107   0
gemm                 int8_wo                 ampere    any    0.0127    0.808  0.926   1.79 0.117   0
gemm                 nvfp4                   blackwell any    0.00684   0.405  0.848   1.46 0.546   0
gemm                 nvfp4                   blackwell sglang 0.00461   0.399  0.868   1.25 0.449   0
gemm                 nvfp4                   blackwell trtllm 0.00666   0.402  0.601   4.56 1.32    0
gemm                 nvfp4                   blackwell vllm   0.0073    0.407  0.824   2.35 0.438   0
context_attention    bf16                    ampere    any    0.0105    0.591  0.389   1.06 0.576   0.6
context_attention    bf16                    ampere    sglang 0.0112    0.681  0.604   1.15 0.941   0.6
context_attention    bf16                    ampere    trtllm 0.0123    0.483  0.281   1.11 0.451   0.6
context_attention    bf16                    ampere    vllm   0.00869   0.588  0.374   1.11 0.477   0.6
context_attention    bf16                    hopper    any    0.0131    0.68   0.335   1.0  0.153   0.731
context_attention    bf16                    hopper    sglang 0.0109    0.639  0.472   1.02 0.0746  0.613
context_attention    bf16                    hopper    trtllm 0.0158    0.661  0.196   1.0  0.189   0.588
context_attention    bf16                    hopper    vllm   0.0127    0.722  0.337   1.04 0.34    0.55
context_attention    bf16                    blackwell any    0.0122    0.67   0.227   1.07 0.977   1.12
context_attention    bf16                    blackwell sglang 0.0104    0.579  0.312   1.38 0.961   0.905
context_attention    bf16                    blackwell trtllm 0.0153    0.713  0.139   1.0  0.852   1.07
context_attention    bf16                    blackwell vllm   0.0112    0.659  0.233   1.16 1.18    1.02
context_attention    bf16_kvfp8              hopper    any    0.015     0.902  0.203   1.0  0.5     0.702
context_attention    bf16_kvfp8              hopper    trtllm 0.0158    1.0    0.155   1.03 0.242   0.829
context_attention    bf16_kvfp8              hopper    vllm   0.014     0.692  0.242   1.01 0.563   0.314
context_attention    bf16_kvfp8              blackwell any    0.014     0.641  0.165   1.04 1.1     0.789
context_attention    bf16_kvfp8              blackwell sglang 0.0151    0.516  0.204   1.05 0.977   0.6
context_attention    bf16_kvfp8              blackwell trtllm 0.0149    0.878  0.134   1.01 1.06    1.14
context_attention    bf16_kvfp8              blackwell vllm   0.0114    0.754  0.165   1.21 1.66    0.943
context_attention    fp8                     hopper    any    0.0137    0.424  0.304   1.0  0.208   1.01
context_attention    fp8                     hopper    sglang 0.0111    0.394  0.45    1.0  0.199   0.543
context_attention    fp8                     hopper    trtllm 0.0151    0.513  0.156   1.0  0.347   0.874
context_attention    fp8                     blackwell any    0.0158    0.415  0.168   1.0  1.12    1.13
context_attention    fp8                     blackwell sglang 0.0168    0.367  0.182   1.14 1.27    0.983
context_attention    fp8                     blackwell trtllm 0.0147    0.45   0.143   1.01 1.08    1.18
generation_attention bf16                    ampere    any    0.0145    0.195  0.68    3.4  0.0179  4.39
generation_attention bf16                    ampere    sglang 0.0144    0.852  0.461   8.0  0.0199  3.99
generation_attention bf16                    ampere    trtllm 0.0126    0.274  1.01    2.35 0.0279  5.59
generation_attention bf16                    ampere    vllm   0.0169    0.106  0.735   4.1  0.0178  3.92
generation_attention bf16                    hopper    any    0.0099    0.368  0.917   1.19 0.0162  3.13
generation_attention bf16                    hopper    sglang 0.00924   0.423  0.901   1.69 0.0116  2.7
generation_attention bf16                    hopper    trtllm 0.00913   0.19   0.899   1.0  0.0261  3.54
generation_attention bf16                    hopper    vllm   0.0113    0.705  0.945   1.12 0.0112  3.11
generation_attention bf16                    blackwell any    0.00972   0.126  0.958   8.0  0.0177  1.38
generation_attention bf16                    blackwell sglang 0.00894   0.183  0.981   8.0  0.0204  1.3
generation_attention bf16                    blackwell trtllm 0.011     0.0832 0.942   8.0  0.017   1.44
generation_attention bf16                    blackwell vllm   0.00925   0.119  0.934   4.46 0.0182  1.4
generation_attention fp8                     hopper    any    0.0115    0.253  0.747   1.0  0.0236  2.28
generation_attention fp8                     hopper    sglang 0.0126    0.169  0.592   1.42 0.0173  2.69
generation_attention fp8                     hopper    trtllm 0.00771   0.0589 0.895   1.62 0.0366  0.799
generation_attention fp8                     hopper    vllm   0.0129    0.237  0.744   1.0  0.0202  3.14
generation_attention fp8                     blackwell any    0.0115    0.0724 0.892   5.25 0.0387  1.22
generation_attention fp8                     blackwell sglang 0.0155    0.0951 0.922   8.0  0.0295  1.2
generation_attention fp8                     blackwell trtllm 0.0111    0.0648 0.924   8.0  0.035   1.25
generation_attention fp8                     blackwell vllm   0.00996   0.0774 0.902   5.03 0.0362  1.2
moe                  bf16                    ampere    any    0.0603    0.395  0.904   1.0  0.886   0.51
moe                  bf16                    ampere    sglang 0.0451    0.381  0.888   1.0  0.48    0.955
moe                  bf16                    ampere    trtllm 0.102     0.544  1.05    1.0  2.85    0.241
moe                  bf16                    ampere    vllm   0.0628    0.319  0.855   1.06 0.01    0.354
moe                  bf16                    hopper    any    0.0338    0.878  0.981   1.0  3.02    0.562
moe                  bf16                    hopper    sglang 0.0295    0.304  0.902   1.0  1.11    0.454
moe                  bf16                    hopper    trtllm 0.0316    1.0    1.0     1.0  3.39    0.261
moe                  bf16                    hopper    vllm   0.0382    0.95   1.03    1.01 2.91    0.563
moe                  bf16                    blackwell any    0.0244    0.793  1.03    1.01 2.84    0.308
moe                  bf16                    blackwell sglang 0.0172    0.575  0.974   1.08 1.91    0.308
moe                  bf16                    blackwell trtllm 0.0323    1.0    1.02    1.24 4.95    0.23
moe                  bf16                    blackwell vllm   0.0173    0.555  0.999   1.17 1.72    0.302
moe                  fp8                     hopper    any    0.0331    1.0    0.943   1.12 3.76    0.24
moe                  fp8                     hopper    trtllm 0.0331    1.0    0.943   1.12 3.76    0.24
moe                  fp8                     hopper    vllm   0.0806    0.133  0.165   1.23 4.69    0.215
moe                  fp8                     blackwell any    0.0285    1.0    0.996   1.86 4.71    0.295
moe                  fp8                     blackwell trtllm 0.0338    1.0    0.974   8.0  6.03    0.235
moe                  fp8                     blackwell vllm   0.0182    0.769  0.972   1.14 2.2     0.376
moe                  fp8_block               hopper    any    0.0434    0.475  0.996   1.2  4.27    0.368
moe                  fp8_block               hopper    sglang 0.0375    0.526  1.01    1.22 2.76    0.522
moe                  fp8_block               hopper    trtllm 0.0553    0.617  1.03    1.0  8.84    0.126
moe                  fp8_block               hopper    vllm   0.0439    0.424  0.989   1.27 3.74    0.374
moe                  fp8_block               blackwell any    0.0341    0.351  0.885   1.25 4.32    0.429
moe                  fp8_block               blackwell sglang 0.029     0.29   0.886   1.0  3.65    0.453
moe                  fp8_block               blackwell trtllm 0.0677    0.763  0.9     3.97 5.67    0.172
moe                  fp8_block               blackwell vllm   0.0301    0.278  1.03    1.0  3.27    0.45
moe                  int4_wo                 ampere    any    0.042     0.435  0.873   1.0  2.58    0.886
moe                  int4_wo                 hopper    any    0.0428    0.275  0.839   1.0  3.57    0.296
moe                  int4_wo                 hopper    sglang 0.0332    0.285  0.811   1.0  3.55    0.303
moe                  int4_wo                 hopper    vllm   0.0493    0.268  0.855   1.0  3.62    0.293
moe                  int4_wo                 blackwell any    0.0377    0.149  0.55    1.0  6.17    0.0922
moe                  int4_wo                 blackwell sglang 0.0295    0.338  0.487   1.0  1.51    0.105
moe                  int4_wo                 blackwell vllm   0.0444    0.13   0.574   1.0  8.05    0.325
moe                  nvfp4                   blackwell any    0.0293    1.0    1.0     1.0  2.98    0.388
moe                  nvfp4                   blackwell sglang 0.018     1.0    0.994   1.0  2.22    0.396
moe                  nvfp4                   blackwell trtllm 0.0531    1.0    0.833   8.0  6.91    0.209
moe                  nvfp4                   blackwell vllm   0.0183    1.0    0.963   1.0  2.44    0.42
moe                  nvfp4_lowlat            blackwell any    0.0165    0.309  1.11    6.85 4.47    1.0
moe                  w4a16_mxfp4             hopper    any    0.0588    0.38   0.474   1.0  0.634   0.544
moe                  w4a16_mxfp4             hopper    sglang 0.0351    0.281  0.219   1.0  0.118   0.52
moe                  w4a16_mxfp4             hopper    trtllm 0.0807    0.358  0.749   1.0  0.01    0.54
moe                  w4a16_mxfp4             hopper    vllm   0.0538    0.543  0.654   1.0  1.54    0.385
moe                  w4a16_mxfp4             blackwell any    0.0205    0.331  0.501   1.0  5.52    0.49
moe                  w4a16_mxfp4             blackwell sglang 0.02      0.37   0.561   1.03 6.53    0.424
moe                  w4a16_mxfp4             blackwell trtllm 0.0419    0.248  0.191   1.4  20.0    0.365
moe                  w4a16_mxfp4             blackwell vllm   0.0201    0.374  0.566   1.02 6.56    0.424
moe                  w4a8_mxfp4_mxfp8        blackwell any    0.0223    1.0    0.845   1.0  3.21    0.431
moe                  w4a8_mxfp4_mxfp8        blackwell sglang 0.0187    1.0    0.665   1.0  3.03    0.448
moe                  w4a8_mxfp4_mxfp8        blackwell trtllm 0.0207    0.811  0.883   1.0  2.65    0.485
moe                  w4a8_mxfp4_mxfp8        blackwell vllm   0.0258    0.72   0.885   1.0  2.8     0.248
moe                  w4a8_mxfp4_mxfp8_trtllm blackwell any    0.0214    0.755  0.893   1.0  2.32    0.213
computescale         fp8                     hopper    any    0.004731  1      0.7155  1    0       0
computescale         fp8                     hopper    sglang 0.0001814 1      2.0     1    0       0
computescale         fp8                     hopper    trtllm 0.007023  1      0.4268  1    0       0
computescale         fp8                     hopper    vllm   0.0007221 1      1.107   1    0       0
computescale         fp8                     blackwell any    0.005827  1      0.5648  1    0       0
computescale         fp8                     blackwell trtllm 0.00892   1      0.4591  1    0       0
computescale         fp8                     blackwell vllm   0.0008085 1      0.6128  1    0       0
scale_matrix         fp8                     hopper    any    0.002077  1      0.8665  1    0       0
scale_matrix         fp8                     hopper    sglang 0.007372  1      0.1033  1    0       0
scale_matrix         fp8                     hopper    trtllm 0.001323  1      1.0     1    0       0
scale_matrix         fp8                     hopper    vllm   0.002078  1      0.9828  1    0       0
scale_matrix         fp8                     blackwell any    0.002519  1      0.651   1    0       0
scale_matrix         fp8                     blackwell sglang 0.00741   1      0.07824 1    0       0
scale_matrix         fp8                     blackwell trtllm 0.001957  1      0.662   1    0       0
scale_matrix         fp8                     blackwell vllm   0.002481  1      0.8837  1    0       0
context_mla          bf16                    ampere    any    0.0144    0.493  0.597   1.23 0       0
context_mla          bf16                    hopper    any    0.0136    0.324  0.467   1.04 0       0
context_mla          bf16                    hopper    sglang 0.0112    0.183  0.334   1.19 0       0
context_mla          bf16                    hopper    trtllm 0.0168    0.582  0.604   1.36 0       0
context_mla          bf16                    blackwell any    0.0149    0.552  0.497   1.26 0       0
context_mla          bf16                    blackwell sglang 0.0142    0.554  0.496   1.33 0       0
context_mla          bf16                    blackwell trtllm 0.0157    0.555  0.5     1.17 0       0
context_mla          bf16_kvfp8              ampere    any    0.0144    0.495  0.451   1.21 0       0
context_mla          bf16_kvfp8              hopper    any    0.018     0.337  0.255   1.09 0       0
context_mla          bf16_kvfp8              hopper    sglang 0.0178    0.191  0.237   1.12 0       0
context_mla          bf16_kvfp8              hopper    trtllm 0.019     0.72   0.279   1.06 0       0
context_mla          bf16_kvfp8              blackwell any    0.0201    0.776  0.236   1.08 0       0
context_mla          bf16_kvfp8              blackwell sglang 0.0207    0.759  0.261   1.13 0       0
context_mla          bf16_kvfp8              blackwell trtllm 0.0197    0.791  0.218   1.06 0       0
generation_mla       bf16                    ampere    any    0.0158    0.225  0.335   1.0  0       0
generation_mla       bf16                    hopper    any    0.0141    0.676  0.79    2.35 0       0
generation_mla       bf16                    hopper    sglang 0.0134    0.647  0.776   2.43 0       0
generation_mla       bf16                    hopper    trtllm 0.0146    0.7    0.798   2.33 0       0
generation_mla       bf16                    blackwell any    0.0122    1.0    0.603   8.0  0       0
generation_mla       bf16                    blackwell sglang 0.0127    1.0    0.587   8.0  0       0
generation_mla       bf16                    blackwell trtllm 0.0117    1.0    0.619   8.0  0       0
generation_mla       fp8                     ampere    any    0.0158    0.122  0.287   1.0  0       0
generation_mla       fp8                     hopper    any    0.0157    0.126  0.351   1.09 0       0
generation_mla       fp8                     hopper    sglang 0.017     0.122  0.103   1.0  0       0
generation_mla       fp8                     hopper    trtllm 0.0144    0.336  0.588   3.56 0       0
generation_mla       fp8                     blackwell any    0.0114    1.0    0.578   1.92 0       0
generation_mla       fp8                     blackwell sglang 0.0118    1.0    0.598   1.52 0       0
generation_mla       fp8                     blackwell trtllm 0.0109    1.0    0.563   8.0  0       0
mla_bmm              bf16                    ampere    any    0.00604   0.807  1.3     1.03 0       0
mla_bmm              bf16                    ampere    sglang 0.0061    0.832  1.3     1.02 0       0
mla_bmm              bf16                    ampere    trtllm 0.00598   0.785  1.3     1.04 0       0
mla_bmm              bf16                    hopper    any    0.00355   0.415  1.3     1.99 0       0
mla_bmm              bf16                    hopper    sglang 0.00349   0.438  1.3     1.87 0       0
mla_bmm              bf16                    hopper    trtllm 0.00362   0.393  1.3     2.15 0       0
mla_bmm              bf16                    blackwell any    0.00459   0.268  1.3     8.0  0       0
mla_bmm              bf16                    blackwell sglang 0.00461   0.27   1.3     8.0  0       0
mla_bmm              bf16                    blackwell trtllm 0.00456   0.263  1.3     8.0  0       0
mla_bmm              fp8                     hopper    any    0.00714   0.0422 0.576   1.69 0       0
mla_bmm              fp8                     hopper    sglang 0.00737   0.0362 1.29    1.94 0       0
mla_bmm              fp8                     hopper    trtllm 0.00675   0.0504 0.32    2.21 0       0
mla_bmm              fp8                     blackwell any    0.00679   0.024  0.752   2.11 0       0
mla_bmm              fp8                     blackwell sglang 0.00793   0.0206 0.766   1.49 0       0
mla_bmm              fp8                     blackwell trtllm 0.00456   0.131  0.706   8.0  0       0
`;

/** A collective on one generation and backend. */
export interface CollectiveRow {
  readonly collective: string;
  readonly generation: string;
  readonly backend: string;
  readonly startMs: number;
  readonly startMsPerGpu: number;
  readonly wire: number;
  /** Factor of the root of the wire time, square root of a millisecond. */
  readonly root: number;
}

// collective, generation, backend, start ms, start ms a GPU, wire efficiency, root factor
const COLLECTIVES = `
custom_all_reduce ampere    any    0.003294 0.0003749 0.6787 0.08933
custom_all_reduce ampere    sglang 0.004074 0.000278  0.6841 0.05824
custom_all_reduce ampere    trtllm 0.002228 0.0004046 0.7306 0.19252
custom_all_reduce ampere    vllm   0.003668 0.0003633 0.6627 0.06358
custom_all_reduce hopper    any    0.001896 0.0002415 0.7874 0.06957
custom_all_reduce hopper    sglang 0.001672 0.0002319 0.7795 0.04941
custom_all_reduce hopper    trtllm 0.001861 0.0001751 0.7557 0.07812
custom_all_reduce hopper    vllm   0.003574 0.0001805 0.7854 0.05791
custom_all_reduce blackwell any    0.003181 0.0003582 0.6482 0.07462
custom_all_reduce blackwell sglang 0.003121 0.0002793 0.655  0.06014
custom_all_reduce blackwell trtllm 0.003467 0.0002975 0.5867 0.04703
custom_all_reduce blackwell vllm   0.005801 0.0001487 0.8163 0.17765
all_gather        ampere    any    0.007853 0.000789  0.7118 0.22411
all_gather        hopper    any    0.003332 0.0009266 0.7674 0.13702
all_gather        blackwell any    0.006002 0.0012305 0.7595 0.1751
all_reduce        ampere    any    0.006573 0.0017231 0.7699 0.18716
all_reduce        hopper    any    0.002709 0.0016384 0.8585 0.1177
all_reduce        blackwell any    0.004636 0.0025267 0.7594 0.14018
alltoall          ampere    any    0.010941 0.0001748 0.7223 0.18598
alltoall          hopper    any    0.00747  0.0001201 0.7966 0.124
alltoall          blackwell any    0.010815 1e-06     0.6644 0.16586
reduce_scatter    ampere    any    0.007786 0.0007184 0.7546 0.20011
reduce_scatter    hopper    any    0.003759 0.0008048 0.7205 0.10042
reduce_scatter    blackwell any    0.006026 0.0012477 0.6802 0.14385
`;

function cells(table: string): string[][] {
  return table.trim().split("\n").map((line) => line.trim().split(/\s+/));
}

/** Operators. */
export const ROOFLINE_ROWS: readonly RooflineRow[] = cells(OPERATORS).map(
  ([family = "", precision = "", generation = "", backend = "", ...rest]) => {
    const [
      constantMs = 0,
      compute = 1,
      memory = 1,
      exponent = 1,
      first = 0,
      second = 0,
    ] = rest.map(Number);
    return {
      family,
      precision,
      generation,
      backend,
      constantMs,
      compute,
      memory,
      exponent,
      first,
      second,
    };
  },
);

/** Collectives. */
export const COLLECTIVE_ROWS: readonly CollectiveRow[] = cells(COLLECTIVES).map(
  ([collective = "", generation = "", backend = "", ...rest]) => {
    const [startMs = 0, startMsPerGpu = 0, wire = 1, root = 0] = rest.map(
      Number,
    );
    return {
      collective,
      generation,
      backend,
      startMs,
      startMsPerGpu,
      wire,
      root,
    };
  },
);

/** Fastest launch of vllm's block-scaled fp8 GEMM by system, ms: its tables are flat below it. */
export const HOST_MS: Readonly<Record<string, number>> = {
  h100_sxm: 0.06638,
  h200_sxm: 0.0654,
  b200_sxm: 0.1823,
  gb200: 0.323,
};
